namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

internal sealed record ProgramResult(int ExitCode, string Output, string Error)
{
    /// <summary>Asserts an exit code, with what the program said in the message.</summary>
    public ProgramResult Expect(int code)
    {
        Assert.True(ExitCode == code, $"Exit code {ExitCode}, expected {code}.\n{Error}\n{Output}");
        return this;
    }
}
