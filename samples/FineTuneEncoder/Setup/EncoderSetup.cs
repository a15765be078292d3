using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.FineTuneEncoder.Setup;

/// <summary>Finds the encoder that a request names.</summary>
public static class EncoderSetup
{
    private static readonly ModelFiles Files = new() { VocabularyFile = EncoderFiles.Vocabulary };

    /// <summary>A kit for each task, with a classifier for its labels.</summary>
    public static KitFinder Finder(RunRequest request, CancellationToken cancellation)
    {
        var device = Devices.Find(request.Device);
        var source = Open(request.Model, cancellation);
        return (tasks, rows) => tasks.Count == 1
            ? new EncoderKit(source, ClassificationRows.Labels(tasks[0].Name, rows), device, request.Types)
            : throw new ArgumentException($"An encoder has one classifier, so --task takes one task, not {tasks.Count}.");
    }

    /// <summary>A packaged model, a folder, or a name on the hub.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none of that name.</exception>
    public static EncoderSource Open(string model, CancellationToken cancellation)
    {
        var isHere = PackagedModel.All.Any(packaged => packaged.Name == model) || Directory.Exists(model);
        var folder = !isHere && HubName.Parse(model) is { } name ? HubModel.Folder(name, Files, cancellation) : null;
        return EncoderSource.Open(folder ?? model);
    }
}
