using System.Text;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>
/// The run's <c>metrics.jsonl</c>: one line per measurement, flushed to disk at once. It contains no times, so an
/// interrupted and resumed run ends with the same bytes as an uninterrupted one. While it is open nothing else may write, move or delete the file.
/// </summary>
public sealed class MetricsLog
{
    private readonly string? _path;
    private readonly List<MetricsRecord> _records;
    private long _length;

    /// <summary>Restarts the file with the given lines, which come from the checkpoint that the run resumes.</summary>
    /// <param name="path">The file; null where another process writes it.</param>
    /// <param name="records">The lines.</param>
    public MetricsLog(string? path, IEnumerable<MetricsRecord> records)
    {
        (_path, _records) = (path, [.. records]);
        if (path is null)
            return;
        WriteCopy(path);
        _length = new FileInfo(path).Length;
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

    /// <exception cref="IOException">The disk is full, or the file is not as this log left it.</exception>
    public void Append(MetricsRecord record)
    {
        _records.Add(record);
        if (_path is null)
            return;
        RequireUntouched();
        using var file = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.Read, bufferSize: 0);
        file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write(Encoding.UTF8.GetBytes(record.ToJson() + "\n"));
        }
        catch (IOException)
        {
            file.SetLength(_length); // a full disk leaves no half line
            throw;
        }
        _length = file.Length;
    }

    /// <summary>Notices that the run's folder was deleted or moved, or that another program writes to it.</summary>
    /// <exception cref="IOException">The file is not as this log left it.</exception>
    public void RequireUntouched()
    {
        if (_path is null)
            return;
        var file = new FileInfo(_path);
        if (!file.Exists)
            throw new IOException($"{file.FullName} is gone: the folder of the run was deleted or moved while the run wrote to it.");
        if (file.Length != _length)
            throw new IOException($"{file.FullName} has changed: another program wrote to it while the run did.");
    }

    /// <summary>Writes all lines to another file, such as a checkpoint's.</summary>
    public void WriteCopy(string path) => AtomicFile.Write(path, string.Concat(_records.Select(record => record.ToJson() + "\n")));
}
