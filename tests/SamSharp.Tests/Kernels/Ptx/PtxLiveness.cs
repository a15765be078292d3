using System.Text.RegularExpressions;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>Which registers keep a value across a barrier, and whether all are written before they are read.</summary>
internal static partial class PtxLiveness
{
    /// <summary>The registers whose values are needed after a barrier.</summary>
    /// <exception cref="PtxException">A register may be read although nothing has written it.</exception>
    public static HashSet<string> AcrossBarriers(PtxKernel kernel)
    {
        var body = kernel.Body;
        var uses = body.Select(Uses).ToArray();
        var live = Enumerable.Range(0, body.Count + 1).Select(_ => new HashSet<string>()).ToArray(); // before each instruction
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = body.Count - 1; i >= 0; i--)
            {
                var before = new HashSet<string>(After(i));
                if (body[i].Guard is null) before.ExceptWith(Definitions(body[i]));
                before.UnionWith(uses[i]);
                if (before.Count == live[i].Count) continue;
                (live[i], changed) = (before, true);
            }
        }
        if (live[0].Count > 0) throw new PtxException($"{kernel.Name} may read {string.Join(", ", live[0])} before anything has written it.");
        return [.. Enumerable.Range(0, body.Count).Where(i => body[i].Opcode == "bar.sync").SelectMany(After)];

        IEnumerable<string> After(int i) => body[i].Opcode switch
        {
            "ret" => [],
            "bra" => body[i].Guard is null ? live[kernel.Labels[body[i].Operands[0]]] : live[i + 1].Union(live[kernel.Labels[body[i].Operands[0]]]),
            _ => live[i + 1],
        };
    }

    private static bool Defines(PtxInstruction instruction) => instruction.Operands.Length > 0
        && instruction.Opcode is not ("bra" or "bar.sync") && !instruction.Opcode.StartsWith("st.", StringComparison.Ordinal);

    private static IEnumerable<string> Definitions(PtxInstruction instruction) => Defines(instruction) ? In(instruction.Operands[..1]) : [];

    private static string[] Uses(PtxInstruction instruction) =>
    [
        .. In(Defines(instruction) ? instruction.Operands[1..] : instruction.Operands), .. instruction.Guard is { } guard ? new[] { guard } : [],
    ];

    private static IEnumerable<string> In(string[] operands) =>
        operands.SelectMany(operand => Register().Matches(operand)).Select(match => match.Value).Where(name => PtxKernel.TypeOf(name) is not null);

    [GeneratedRegex(@"%(p|rs|rd|r|fd|f)\d+|\btmp(16|32)\b")]
    private static partial Regex Register();
}
