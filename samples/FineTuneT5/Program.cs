using System.CommandLine;
using System.Globalization;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;
using SamSharp.Samples.FineTuneT5.Pretraining;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

var command = new FineTuneCommand(ProgramFace.T5, FineTuneJob.Run, CompareJob.Run, PretrainCommand.Create(PretrainJob.Run));
var arguments = command.Parse(args);
if (arguments.Errors.Count > 0 && arguments.Action is System.CommandLine.Invocation.ParseErrorAction)
    return ErrorReport.Write(new ArgumentException(arguments.Errors[0].Message.ReplaceLineEndings(" ")), trace: false);
try
{
    // A canceled run saves a checkpoint before it ends, which takes time.
    return await arguments.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromMinutes(10),
    });
}
catch (Exception exception)
{
    return ErrorReport.Write(exception, command.WantsTrace(arguments));
}
