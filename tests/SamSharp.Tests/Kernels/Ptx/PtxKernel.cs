using System.Globalization;
using System.Text.RegularExpressions;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>A parameter, or a variable in shared memory.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Address">Its address in its own space, where no two variables touch.</param>
internal sealed record PtxVariable(string Name, int Bytes, ulong Address);

/// <summary>One instruction.</summary>
/// <param name="Line">Its line within the kernel, from 1.</param>
/// <param name="Guard">The predicate that decides whether it runs; null if nothing does.</param>
/// <param name="Unless">Whether it runs where the predicate is false.</param>
/// <param name="Opcode">Name, types and modifiers.</param>
/// <param name="Operands">The operands, each as it is written.</param>
internal sealed record PtxInstruction(int Line, string? Guard, bool Unless, string Opcode, string[] Operands)
{
    public override string ToString() => $"line {Line}: {Opcode} {string.Join(", ", Operands)}";
}

/// <summary>One kernel of a PTX module, taken apart. What is not understood is refused.</summary>
internal sealed partial class PtxKernel
{
    /// <summary>From one variable to the next: far enough that an access beside one meets none.</summary>
    private const ulong Spacing = 1 << 20;

    private readonly Dictionary<string, int> _registers = [];
    private readonly List<PtxVariable> _parameters = [], _shared = [];
    private readonly List<PtxInstruction> _body = [];
    private readonly Dictionary<string, int> _labels = [];

    private PtxKernel(string name) => Name = name;

    public string Name { get; }

    /// <summary>Threads of a block.</summary>
    public uint Threads { get; private set; }

    public IReadOnlyList<PtxVariable> Parameters => _parameters;

    public IReadOnlyList<PtxVariable> Shared => _shared;

    public IReadOnlyList<PtxInstruction> Body => _body;

    /// <summary>Where each label stands: before which instruction of the body.</summary>
    public IReadOnlyDictionary<string, int> Labels => _labels;

    /// <summary>Cuts a module into the texts of its kernels.</summary>
    public static Dictionary<string, string> Texts(string module)
    {
        if (!module.Contains(".version 6.3\n.target sm_75\n.address_size 64\n", StringComparison.Ordinal))
            throw new PtxException("The module is not for version 6.3, sm_75 and 64 bits.");
        return module.Split(".visible .entry ")[1..].ToDictionary(text => text[..text.IndexOf('(', StringComparison.Ordinal)], text => text);
    }

    /// <summary>Reads a kernel.</summary>
    /// <exception cref="PtxException">Something in the text is unknown.</exception>
    public static PtxKernel Parse(string name, string text)
    {
        var kernel = new PtxKernel(name);
        var lines = text.Split('\n');
        for (var i = 1; i < lines.Length; i++) kernel.Read(i + 1, Comment().Replace(lines[i], "").Trim());
        if (kernel.Threads == 0) throw new PtxException($"{name} does not say how many threads a block has.");
        return kernel;
    }

    /// <summary>The type of a register, such as b32; null for what is no register.</summary>
    public static string? TypeOf(string register) => Register().Match(register) is { Success: true } match
        ? match.Groups[1].Value switch { "p" => "pred", "rs" => "b16", "r" => "b32", "rd" => "b64", "f" => "f32", "fd" => "f64", _ => null }
        : register is "tmp16" or "tmp32" ? $"b{register[3..]}" : null;

    private void Read(int line, string statement)
    {
        if (statement is "" or "{" or "}" or ")" or ".pragma \"nounroll\";") return;
        if (Declaration().Match(statement) is { Success: true } declared)
        {
            if (TypeOf(declared.Groups[2].Value + "0") != declared.Groups[1].Value) throw Unknown(line, statement);
            _registers.Add(declared.Groups[2].Value, Number(declared.Groups[3].Value));
        }
        else if (Parameter().Match(statement) is { Success: true } parameter)
            _parameters.Add(Variable(_parameters, parameter.Groups[3].Value, BytesOf(parameter.Groups[2].Value), parameter.Groups[4].Value));
        else if (SharedVariable().Match(statement) is { Success: true } shared)
            _shared.Add(Variable(_shared, shared.Groups[1].Value, 1, shared.Groups[2].Value));
        else if (Bound().Match(statement) is { Success: true } bound) Threads = (uint)Number(bound.Groups[1].Value);
        else if (Label().Match(statement) is { Success: true } label) _labels.Add(label.Groups[1].Value, _body.Count);
        else if (Scope().Match(statement) is { Success: true } scope)
            Add(line, scope.Groups[2].Value.Replace("tmp", $"tmp{scope.Groups[1].Value}", StringComparison.Ordinal));
        else Add(line, statement);
    }

    private void Add(int line, string statement)
    {
        if (Instruction().Match(statement) is not { Success: true } match) throw Unknown(line, statement);
        foreach (Match register in Register().Matches(statement))
        {
            if (!_registers.TryGetValue("%" + register.Groups[1].Value, out var count) || Number(register.Groups[2].Value) >= count)
                throw new PtxException($"{Name}, line {line}: {register.Value} is not declared.");
        }
        var guard = match.Groups[2].Value;
        var operands = match.Groups[4].Value;
        _body.Add(new(line, guard.Length > 0 ? guard : null, match.Groups[1].Value == "!", match.Groups[3].Value.Replace("bra.uni", "bra"),
            operands.Length == 0 ? [] : [.. Operand().Matches(operands).Select(operand => operand.Value.Trim())]));
    }

    private static PtxVariable Variable(List<PtxVariable> before, string name, int bytes, string count) =>
        new(name, bytes * (count.Length > 0 ? Number(count) : 1), ((ulong)before.Count + 1) * Spacing);

    private PtxException Unknown(int line, string statement) => new($"{Name}, line {line}: unknown: {statement}");

    private static int BytesOf(string type) => Number(type[1..]) / 8;

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^\.reg \.(pred|b16|b32|b64|f32|f64)\s+(%[a-z]+)<(\d+)>;$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\.param (\.align \d+ )?\.([buf]\d+) (\w+)(?:\[(\d+)\])?,?$")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^\.shared \.align \d+ \.b8 (\w+)\[(\d+)\];$")]
    private static partial Regex SharedVariable();

    [GeneratedRegex(@"^\.maxntid (\d+), 1, 1$")]
    private static partial Regex Bound();

    [GeneratedRegex(@"^(\$\w+):$")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\{ \.reg \.b(16|32) tmp; (.*;) \}$")]
    private static partial Regex Scope();

    [GeneratedRegex(@"^(?:@(!?)(%p\d+)\s+)?([a-z][a-z0-9_.]*)\s*(.*);$")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"%([a-z]+)(\d+)")]
    private static partial Regex Register();

    [GeneratedRegex(@"\s*\{[^}]*\}|[^,]+")]
    private static partial Regex Operand();
}
