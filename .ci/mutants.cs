// dotnet run mutants.cs -- <a copy of the repository, which is changed> [--check] [part of a name]...: see .ci/mutants.
using System.Diagnostics;
using System.Text.RegularExpressions;

var top = args[0];
var limit = TimeSpan.FromMinutes(15); // of a test run, after which the mutant counts as noticed
string[] unhelpful = ["Architecture", "Pages", "Analyzers", "Building", "CollectionTests", "OtherStepsTests"]; // they do not see values
var parts = args[1..].Where(arg => arg != "--check").ToArray();
var mutants = Read(Path.Combine(top, ".ci", "mutants.txt")).Where(mutant => parts.Length == 0 || parts.Any(mutant.Name.Contains)).ToArray();
if (mutants.Length == 0) Fail("No mutant has such a name.");
var outdated = mutants.Where(mutant => Matches(mutant) != 1)
    .Select(mutant => $"{mutant.Name}: {mutant.File} has {Matches(mutant)} times '{mutant.Old}'").ToArray();
if (outdated.Length > 0) Fail($"These mutants no longer match the code once each:\n{string.Join('\n', outdated)}");
if (args.Contains("--check"))
{
    Console.WriteLine($"All {mutants.Length} mutants match the code.");
    return 0;
}
var (built, green) = (new HashSet<string>(), new HashSet<string>());
var results = new List<(string Name, bool Killed, bool ByItsTests)>();
var watch = Stopwatch.StartNew();
var others = string.Join('&', unhelpful.Select(name => $"FullyQualifiedName!~{name}"));
foreach (var mutant in mutants)
{
    var (project, tests) = ProjectsOf(mutant.File);
    if (built.Add(tests))
    {
        Require(Run($"build -c Release {tests} -v q", TimeSpan.FromHours(1)), "The code does not build as it is.");
        var same = mutants.Where(other => ProjectsOf(other.File).Tests == tests);
        RequireGreen(project, tests, Named(same.SelectMany(other => other.Tests).Distinct()));
    }
    var path = Path.Combine(top, mutant.File);
    var before = File.ReadAllText(path);
    var changed = before.Replace(mutant.Old, mutant.New);
    try
    {
        if (!Put(changed))
        {
            results.Add((mutant.Name, false, false));
            Console.WriteLine($"INVALID   {mutant.Name}: it does not build");
            continue;
        }
        var own = Test(project, tests, Named(mutant.Tests));
        if (own is null && green.Add(tests))
        {
            if (!Put(before)) Fail("The code does not build as it is.");
            RequireGreen(project, tests, others);
            Put(changed);
        }
        var all = own ?? Test(project, tests, others);
        results.Add((mutant.Name, all is not null, own is not null));
        Console.WriteLine(all is null ? $"SURVIVED  {mutant.Name}" : $"noticed   {mutant.Name}: {all}{(own is null ? ", by other tests" : "")}");
    }
    finally
    {
        File.WriteAllText(path, before);
    }

    bool Put(string text)
    {
        File.WriteAllText(path, text);
        return Run($"build -c Release {project} -v q --no-restore -p:BuildProjectReferences=false -p:RunAnalyzers=false " +
            "-p:TreatWarningsAsErrors=false -p:EnforceCodeStyleInBuild=false -p:GenerateDocumentationFile=false", TimeSpan.FromHours(1))
            is { Ended: true, Code: 0 };
    }
}
var survivors = results.Count(result => !result.Killed);
Console.WriteLine($"{results.Count} mutants: {results.Count - survivors} noticed, {results.Count(result => result.ByItsTests)} of them by the " +
    $"tests that the list names; {survivors} survived or do not build. {watch.Elapsed.TotalMinutes:F0} minutes.");
return survivors == 0 ? 0 : 1;

int Matches(Mutant mutant)
{
    var path = Path.Combine(top, mutant.File);
    return File.Exists(path) ? File.ReadAllText(path).Split(mutant.Old).Length - 1 : 0;
}

// A test that fails in the code as it is would notice every mutant. One that a busy machine disturbed gets a second chance.
void RequireGreen(string project, string tests, string filter)
{
    if (Test(project, tests, filter) is null) return;
    if (Test(project, tests, filter) is { } failure) Fail($"The code as it is does not pass its tests: {failure} of {tests}, {filter}.");
}

static string Named(IEnumerable<string> tests) => string.Join('|', tests.Select(name => $"FullyQualifiedName~{name}"));

// Copies what was built to the tests, and runs some of them. Returns what happened if one fails, or null.
string? Test(string project, string tests, string filter)
{
    var name = Path.GetFileName(project) + ".dll";
    var made = Newest(Path.Combine(top, project, "bin", "Release"), name);
    var run = Newest(Path.Combine(top, tests, "bin", "Release"), Path.GetFileName(tests) + ".dll");
    // What lies there may be a link to the same file, onto which it cannot be copied.
    var tested = Path.Combine(Path.GetDirectoryName(run)!, name);
    File.Delete(tested);
    File.Copy(made, tested);
    var (ended, code, output) = Run($"test {run} --filter \"{filter}\"", limit);
    if (!ended) return "the tests do not end";
    if (output.Contains("No test matches")) Fail($"No test matches {filter}.");
    var failed = Regex.Match(output, @"Failed: +(\d+), Passed: +(\d+)");
    var first = Regex.Match(output, @"^\s+Failed (\S.*?) \[", RegexOptions.Multiline);
    return code == 0 ? null : failed.Success ? $"{failed.Groups[1]} tests fail, first {first.Groups[1]}" : "the tests crash";
}

(bool Ended, int Code, string Output) Run(string arguments, TimeSpan time)
{
    var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = top, RedirectStandardOutput = true, RedirectStandardError = true };
    using var process = Process.Start(start)!;
    var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    if (!process.WaitForExit(time))
    {
        process.Kill(entireProcessTree: true);
        return (false, 1, "");
    }
    return (true, process.ExitCode, output.Result + error.Result);
}

void Require((bool Ended, int Code, string Output) run, string otherwise)
{
    if (!run.Ended || run.Code != 0) Fail($"{otherwise}\n{run.Output}");
}

static void Fail(string message)
{
    Console.Error.WriteLine(message);
    Environment.Exit(2);
}

static (string Project, string Tests) ProjectsOf(string file)
{
    var project = string.Join('/', file.Split('/')[..2]);
    return (project, $"tests/{Path.GetFileName(project)}.Tests");
}

static string Newest(string folder, string name) => Directory.GetFiles(folder, name, SearchOption.AllDirectories)
    .Where(path => !path.Contains("/ref/") && !path.Contains("/refint/")).MaxBy(File.GetLastWriteTimeUtc)!;

// Blocks of lines: "# name", the file, "- what is there" and "+ what is put in its place", each on one or more lines, and "? test classes".
static IEnumerable<Mutant> Read(string list)
{
    foreach (var block in File.ReadAllText(list).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
    {
        var lines = block.Trim('\n').Split('\n');
        if (!lines[0].StartsWith("# ")) continue;
        string Of(char mark) => string.Join('\n', lines.Where(line => line.StartsWith(mark)).Select(line => line.Length > 2 ? line[2..] : ""));
        yield return new(lines[0][2..], lines[1], Of('-'), Of('+'), Of('?').Split(' '));
    }
}

internal sealed record Mutant(string Name, string File, string Old, string New, string[] Tests);
