using System.Globalization;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;
using SamSharp.Samples.FineTuneT5.Pretraining;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

return await new FineTuneCommand(ProgramFace.T5, FineTuneJob.Run, CompareJob.Run, PretrainCommand.Create(PretrainJob.Run)).RunAsync(args);
