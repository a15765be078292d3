namespace SamSharp.Tests.Architecture;

/// <summary>The list of <c>.ci/mutants</c> is about the code as it is. The tool leaves this folder's tests out: they see every mutant.</summary>
public class MutantListTests
{
    private static readonly string[][] Mutants = [.. File.ReadAllText(Path.Combine(SourceTree.Top, ".ci", "mutants.txt"))
        .Split("\n\n").Select(block => block.Trim('\n').Split('\n')).Where(lines => lines[0].StartsWith("# ", StringComparison.Ordinal))];

    [Fact]
    public void Each_mutant_matches_the_code_once_and_changes_it()
    {
        Assert.True(Mutants.Length > 150, $"only {Mutants.Length} mutants found");
        Assert.Empty(Mutants.Where(mutant => Lines(mutant, '-') == Lines(mutant, '+') || Times(mutant) != 1)
            .Select(mutant => $"{mutant[0]}: {mutant[1]} has {Times(mutant)} times '{Lines(mutant, '-')}'"));
        Assert.Empty(Mutants.GroupBy(mutant => mutant[0]).Where(named => named.Count() > 1).Select(named => named.Key));
    }

    [Fact]
    public void The_tests_that_a_mutant_names_are_there()
    {
        var files = Directory.GetFiles(Path.Combine(SourceTree.Top, "tests"), "*.cs", SearchOption.AllDirectories);
        Assert.Empty(Mutants.SelectMany(mutant => Lines(mutant, '?').Split(' ').Select(name => (Mutant: mutant, Test: name)))
            .Where(one => !files.Any(file => file.Contains($"/{Path.GetFileName(Project(one.Mutant))}.Tests/") && file.Contains(one.Test)))
            .Select(one => $"{one.Mutant[0]}: {one.Test}"));
    }

    private static string Project(string[] mutant) => string.Join('/', mutant[1].Split('/')[..2]);

    private static string Lines(string[] mutant, char mark) =>
        string.Join('\n', mutant.Where(line => line.StartsWith(mark)).Select(line => line.Length > 2 ? line[2..] : ""));

    private static int Times(string[] mutant)
    {
        var path = Path.Combine(SourceTree.Top, mutant[1]);
        return File.Exists(path) ? File.ReadAllText(path).Split(Lines(mutant, '-')).Length - 1 : 0;
    }
}
