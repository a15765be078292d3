using System.Text;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>
/// The run's <c>metrics.jsonl</c>: one line per measurement, flushed to disk at once. It contains no times, so an
/// interrupted and resumed run ends with the same bytes as an uninterrupted one.
/// </summary>
public sealed class MetricsLog
{
    private readonly string? _path;
    private readonly List<MetricsRecord> _records;

    /// <summary>Restarts the file with the given lines, which come from the checkpoint that the run resumes.</summary>
    /// <param name="path">The file; null where another process writes it.</param>
    /// <param name="records">The lines.</param>
    public MetricsLog(string? path, IEnumerable<MetricsRecord> records)
    {
        (_path, _records) = (path, [.. records]);
        if (path is null)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        WriteCopy(path);
    }

    public IReadOnlyList<MetricsRecord> Records => _records;

    /// <exception cref="InvalidDataException">A line is none of metrics; the message names it.</exception>
    public static IReadOnlyList<MetricsRecord> Read(string path)
    {
        try
        {
            return [.. TextFile.Lines(path).Select(line => MetricsRecord.Parse(line.Text, new(path, $"line {line.Number}")))];
        }
        catch (FormatException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    public void Append(MetricsRecord record)
    {
        _records.Add(record);
        if (_path is null)
            return;
        using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var length = file.Length;
        try
        {
            file.Write(Encoding.UTF8.GetBytes(record.ToJson() + "\n"));
        }
        catch (IOException)
        {
            file.SetLength(length); // a full disk leaves no half line
            throw;
        }
    }

    public void WriteCopy(string path)
        => File.WriteAllText(path, string.Concat(_records.Select(record => record.ToJson() + "\n")));
}
