using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Jobs;

/// <summary>What all runs of a request share. Whatever is wrong with the files or the machine shows while loading it, before anything is written.</summary>
/// <param name="Test">Held-out rows that no choice was made on; null where only the dev rows have labels.</param>
public sealed record FineTuneInputs(
    T5Task Task,
    T5Tokenizer Tokenizer,
    ModelSource Source,
    T5Config Config,
    Device Device,
    ScalarType DType,
    IReadOnlyList<TaskExample> Train,
    IReadOnlyList<TaskExample> Dev,
    IReadOnlyList<TaskExample>? Test)
{
    public static FineTuneInputs Load(FineTuneRequest request)
    {
        var task = TaskCatalog.Find(request.Task);
        if (request.Data is null && task.Name != CarriedData.Task)
            throw new ArgumentException($"--task {task.Name} needs --data, the folder of its files: what the program carries is for --task {CarriedData.Task}.");
        var device = Devices.Find(request.Device);
        var dtype = Devices.Type(request.DType);
        var source = new ModelSource(request.Model, request.Tokenizer);
        var tokenizer = T5Tokenizer.Load(source.Vocabulary);
        var config = source.Config(tokenizer.VocabularySize);
        if (request.Device == "cpu")
            MemoryCheck.Require(request.Model, config, request.Training, dtype == ScalarType.BFloat16 ? 2 : 4);
        var data = request.Data ?? CarriedData.Folder;
        IReadOnlyList<TaskExample> Rows(Split split) => task.Load(data, split, notice => Console.Error.WriteLine($"FineTuneT5: {notice}"));
        return new FineTuneInputs(task, tokenizer, source, config, device, dtype, Rows(Split.Train), Rows(Split.Validation),
            task.HasTest(data) ? Rows(Split.Test) : null);
    }
}
