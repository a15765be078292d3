using System.Globalization;
using SamSharp.Samples.FineTuneEncoder.CommandLine;
using SamSharp.Samples.FineTuneEncoder.Setup;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
NativeHeap.KeepFreedMemory();

return await new FineTuneCommand(
    EncoderFace.Face,
    (request, cancellation) => FineTuneJob.Run(request, "Encoder", EncoderSetup.Finder, cancellation),
    (request, cancellation) => CompareJob.Run(request, EncoderSetup.Finder, cancellation),
    SpeedCommand.Create()).RunAsync(args);
