using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using static System.Linq.Expressions.Expression;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>
/// Makes a .NET method of a kernel, instruction by instruction. Only what LLVM makes of UpdateKernels.cu is known, and floating-point
/// arithmetic only with its rounding spelled out: without, a driver may contract a product and a sum.
/// </summary>
internal sealed class PtxTranslation(PtxProgram program)
{
    private readonly PtxKernel _kernel = program.Kernel;
    private readonly ParameterExpression _block = Parameter(typeof(PtxBlock), "block"), _thread = Parameter(typeof(uint), "thread"),
        _at = Parameter(typeof(int), "at"), _pointer = Variable(typeof(nint), "pointer");
    private readonly Dictionary<string, ParameterExpression> _locals = [];
    private readonly Dictionary<int, LabelTarget> _labels = [];
    private readonly LabelTarget _end = Label(typeof(int), "end");
    private int _site;

    public Func<PtxBlock, uint, int, int> Compile()
    {
        List<Expression> statements = [];
        var resumes = new List<SwitchCase>();
        for (_site = 0; _site < _kernel.Body.Count; _site++)
        {
            var instruction = _kernel.Body[_site];
            var statement = Translate(instruction);
            if (instruction.Guard is { } guard)
                statement = IfThen(instruction.Unless ? Not(Register(guard)) : Register(guard), statement);
            statements.Add(Label(LabelAt(_site)));
            statements.Add(statement);
            if (instruction.Opcode == "bar.sync")
            {
                if (instruction.Guard is not null) throw Unknown(instruction); // threads would part
                resumes.Add(SwitchCase(Goto(LabelAt(_site + 1)), Constant(_site + 1)));
            }
        }
        if (resumes.Count > 0) statements.Insert(0, Switch(_at, [.. resumes]));
        statements.Add(Label(LabelAt(_kernel.Body.Count)));
        statements.Add(Label(_end, Constant(PtxProgram.End)));
        var body = Block([.. _locals.Values, _pointer], statements);
        return Lambda<Func<PtxBlock, uint, int, int>>(body, _kernel.Name, [_block, _thread, _at]).Compile();
    }

    private Expression Translate(PtxInstruction instruction)
    {
        var (parts, operands) = (instruction.Opcode.Split('.'), instruction.Operands);
        switch (instruction.Opcode)
        {
            case "bra":
                if (!_kernel.Labels.TryGetValue(operands[0], out var target)) throw Unknown(instruction);
                var jump = Goto(LabelAt(target));
                return target > _site ? jump : Block(Call(_block, nameof(PtxBlock.Branch), null), jump);
            case "bar.sync" when operands is ["0"]:
                return Return(_end, Constant(_site + 1));
            case "ret":
                return Return(_end, Constant(PtxProgram.End));
            case "mov.b32" when operands[0][0] == '{':
                return Unpack<ushort>(Members(operands[0]), Value(operands[1], typeof(uint)));
            case "mov.b64" when operands[0][0] == '{':
                return Unpack<uint>(Members(operands[0]), Value(operands[1], typeof(ulong)));
            case "mov.b32" when operands[1][0] == '{':
                return Set(operands[0], typeof(uint), Pack(Members(operands[1])));
        }
        if (parts[0] is "ld" or "st") return Access(instruction, parts);
        return Arithmetic(instruction, parts) ?? throw Unknown(instruction);
    }

    /// <summary>What takes registers and leaves one; null for what is unknown.</summary>
    private BinaryExpression? Arithmetic(PtxInstruction instruction, string[] parts)
    {
        var operands = instruction.Operands;
        Expression A(string type) => Value(operands[1], PtxTypes.Of(type));
        Expression B(string type) => Value(operands[2], PtxTypes.Of(type));
        Expression? result = instruction.Opcode switch
        {
            "mov.b32" or "mov.u32" => A("u32"),
            "mov.b64" or "mov.u64" or "cvta.to.global.u64" or "cvta.global.u64" => A("u64"),
            "mov.f32" => A("f32"),
            "mov.f64" => A("f64"),
            "add.s32" => Add(A("u32"), B("u32")),
            "add.s64" => Add(A("u64"), B("u64")),
            "sub.s32" => Subtract(A("u32"), B("u32")),
            "sub.s64" => Subtract(A("u64"), B("u64")),
            "mul.lo.s32" => Multiply(A("u32"), B("u32")),
            "or.b32" => Or(A("u32"), B("u32")),
            "xor.b32" => ExclusiveOr(A("u32"), B("u32")),
            "and.pred" => And(A("pred"), B("pred")),
            "or.pred" => Or(A("pred"), B("pred")),
            "neg.s32" => Subtract(Constant(0u), A("u32")),
            "not.b32" => Not(A("u32")),
            "and.b32" => And(A("u32"), B("u32")),
            "mul.wide.u32" => Multiply(Convert(A("u32"), typeof(ulong)), Convert(B("u32"), typeof(ulong))),
            "shl.b32" => LeftShift(A("u32"), Bits(operands[2], 31)),
            "shl.b64" => LeftShift(A("u64"), Bits(operands[2], 63)),
            "shr.u32" => RightShift(A("u32"), Bits(operands[2], 31)),
            "bfe.u32" => And(RightShift(A("u32"), Bits(operands[2], 31)), Constant((1u << (int)Bits(operands[3], 31).Value!) - 1)),
            "min.u32" => Condition(LessThan(A("u32"), B("u32")), A("u32"), B("u32")),
            "add.rn.f32" or "add.rn.f64" => Add(A(parts[2]), B(parts[2])),
            "sub.rn.f32" or "sub.rn.f64" => Subtract(A(parts[2]), B(parts[2])),
            "mul.rn.f32" or "mul.rn.f64" => Multiply(A(parts[2]), B(parts[2])),
            "div.rn.f32" or "div.rn.f64" => Divide(A(parts[2]), B(parts[2])),
            "sqrt.rn.f64" => Static(typeof(Math), nameof(Math.Sqrt), A("f64")),
            "abs.f32" => Static(typeof(MathF), nameof(MathF.Abs), A("f32")),
            "abs.f64" => Static(typeof(Math), nameof(Math.Abs), A("f64")),
            "selp.b16" or "selp.b32" or "selp.u32" or "selp.b64" or "selp.f32" or "selp.f64" =>
                Condition(Register(operands[3]), A(parts[1]), B(parts[1])),
            "cvt.f32.f16" => Convert(Static(typeof(BitConverter), nameof(BitConverter.UInt16BitsToHalf), A("f16")), typeof(float)),
            "cvt.f64.f16" => Convert(Static(typeof(BitConverter), nameof(BitConverter.UInt16BitsToHalf), A("f16")), typeof(double)),
            "cvt.rn.f16.f32" => Static(typeof(BitConverter), nameof(BitConverter.HalfToUInt16Bits), Convert(A("f32"), typeof(Half))),
            "cvt.rn.f32.f64" => Convert(A("f64"), typeof(float)),
            "cvt.f64.f32" => Convert(A("f32"), typeof(double)),
            "cvt.rn.f32.u32" => Convert(A("u32"), typeof(float)),
            "cvt.rzi.u32.f32" => Convert(A("f32"), typeof(uint)),
            "cvt.u16.u32" => Convert(A("u32"), typeof(ushort)),
            "cvt.u64.u32" => Convert(A("u32"), typeof(ulong)),
            "cvt.u32.u16" => Convert(A("u16"), typeof(uint)),
            "cvt.u32.u64" => Convert(A("u64"), typeof(uint)),
            _ => parts[0] == "setp" && parts.Length == 3 ? Comparison(parts[1], parts[2], A(parts[2]), B(parts[2])) : null,
        };
        return result is null ? null : Set(operands[0], result.Type, result);
    }

    private static BinaryExpression? Comparison(string name, string type, Expression a, Expression b) => (name, type) switch
    {
        ("eq", _) => Equal(a, b),
        ("ne", "s16" or "s32" or "s64") => NotEqual(a, b),
        ("lt", "u32") => LessThan(a, b),
        ("le", "u32") => LessThanOrEqual(a, b),
        ("gt", "u32" or "f32" or "f64") => GreaterThan(a, b),
        ("ge", "u32" or "f32") => GreaterThanOrEqual(a, b),
        ("num", "f32") => And(Equal(a, a), Equal(b, b)),
        ("nan", "f32") => Or(Static(typeof(float), nameof(float.IsNaN), a), Static(typeof(float), nameof(float.IsNaN), b)),
        _ => null,
    };

    /// <summary>A read or write of one value or a vector of them, which must lie where it may.</summary>
    private BlockExpression Access(PtxInstruction instruction, string[] parts)
    {
        var find = parts[1] switch
        {
            "global" => nameof(PtxBlock.Global),
            "shared" => nameof(PtxBlock.SharedAt),
            "param" => nameof(PtxBlock.Parameter),
            _ => throw Unknown(instruction),
        };
        var lanes = parts.Length == 3 ? 1 : parts[2] switch { "v2" => 2, "v4" => 4, _ => throw Unknown(instruction) };
        var (write, type) = (parts[0] == "st", PtxTypes.Of(parts[^1]));
        var (bytes, values) = (PtxTypes.BytesOf(type), instruction.Operands[write ? 1 : 0]);
        var registers = lanes == 1 ? [values] : Members(values);
        if (registers.Length != lanes) throw Unknown(instruction);
        var access = New(typeof(PtxAccess).GetConstructors()[0], Constant(_site), Address(instruction.Operands[write ? 0 : 1]),
            Constant((uint)(bytes * lanes)), _thread, Constant(write));
        var found = Call(_block, find, null, access);
        return Block([Assign(_pointer, found), .. registers.Select<string, Expression>((register, i) => write
            ? Call(typeof(PtxBlock), nameof(PtxBlock.Write), [type], _pointer, Constant(i * bytes), Value(register, type))
            : Set(register, type, Call(typeof(PtxBlock), nameof(PtxBlock.Read), [type], _pointer, Constant(i * bytes))))]);
    }

    private Expression Address(string operand)
    {
        var terms = operand.Trim('[', ']').Split('+');
        var start = Value(terms[0], typeof(ulong));
        return terms.Length == 1 ? start : Add(start, Constant((ulong)long.Parse(terms[1], CultureInfo.InvariantCulture)));
    }

    private BlockExpression Unpack<THalf>(string[] halves, Expression whole) where THalf : unmanaged => Block(halves.Select((half, i) =>
        Set(half, typeof(THalf), Convert(RightShift(whole, Constant(8 * PtxTypes.BytesOf(typeof(THalf)) * i)), typeof(THalf)))));

    private BinaryExpression Pack(string[] halves) => Or(Convert(Value(halves[0], typeof(ushort)), typeof(uint)),
        LeftShift(Convert(Value(halves[1], typeof(ushort)), typeof(uint)), Constant(16)));

    /// <summary>Sets a register, which may be wider than the value or hold its bits as another type.</summary>
    private BinaryExpression Set(string register, Type type, Expression value)
    {
        var target = Register(register);
        if (target.Type != type && type == typeof(ushort) && target.Type == typeof(uint)) value = Convert(value, typeof(uint));
        return Assign(target, As(target.Type, value));
    }

    /// <summary>An operand: a register, a special one, a number, or the address of a variable.</summary>
    private Expression Value(string operand, Type type)
    {
        if (PtxKernel.TypeOf(operand) is not null) return As(type, Register(operand));
        if (operand == "%tid.x") return As(type, _thread);
        if (operand == "%ctaid.x") return As(type, Property(_block, nameof(PtxBlock.Number)));
        if (_kernel.Parameters.Concat(_kernel.Shared).FirstOrDefault(variable => variable.Name == operand) is { } variable)
            return As(type, Constant(variable.Address));
        if (operand.StartsWith("0f", StringComparison.Ordinal)) return As(type, Constant(BitConverter.UInt32BitsToSingle((uint)Bits(operand))));
        if (operand.StartsWith("0d", StringComparison.Ordinal)) return As(type, Constant(BitConverter.UInt64BitsToDouble(Bits(operand))));
        if (!long.TryParse(operand, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw new PtxException($"{_kernel.Name}: unknown operand {operand}.");
        return type == typeof(ushort) ? Constant((ushort)number) : type == typeof(uint) ? Constant((uint)number) : As(type, Constant((ulong)number));
    }

    private static ulong Bits(string number) => ulong.Parse(number[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private Expression Register(string name)
    {
        if (program.Kept(name, _block, _thread) is { } kept) return kept;
        if (PtxKernel.TypeOf(name) is not { } type) throw new PtxException($"{_kernel.Name}: {name} is no register.");
        if (!_locals.TryGetValue(name, out var local)) _locals.Add(name, local = Variable(PtxTypes.Of(type), name));
        return local;
    }

    /// <summary>The same bits as another type.</summary>
    private Expression As(Type type, Expression value)
    {
        if (value.Type == type) return value;
        var convert = (value.Type.Name, type.Name) switch
        {
            (nameof(UInt32), nameof(Single)) => nameof(BitConverter.UInt32BitsToSingle),
            (nameof(Single), nameof(UInt32)) => nameof(BitConverter.SingleToUInt32Bits),
            (nameof(UInt64), nameof(Double)) => nameof(BitConverter.UInt64BitsToDouble),
            (nameof(Double), nameof(UInt64)) => nameof(BitConverter.DoubleToUInt64Bits),
            _ => throw new PtxException($"{_kernel.Name}, {_kernel.Body[_site]}: a {value.Type.Name} in place of a {type.Name}."),
        };
        return Static(typeof(BitConverter), convert, value);
    }

    private static MethodCallExpression Static(Type type, string method, Expression argument) =>
        Call(type.GetMethod(method, BindingFlags.Public | BindingFlags.Static, [argument.Type])!, argument);

    private ConstantExpression Bits(string operand, int most) =>
        int.TryParse(operand, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= most ? Constant(bits)
        : throw new PtxException($"{_kernel.Name}, {_kernel.Body[_site]}: a number of bits that is no constant up to {most}.");

    private LabelTarget LabelAt(int instruction)
    {
        if (!_labels.TryGetValue(instruction, out var label)) _labels.Add(instruction, label = Label($"at {instruction}"));
        return label;
    }

    private static string[] Members(string vector) => Array.ConvertAll(vector.Trim('{', '}').Split(','), member => member.Trim());

    private PtxException Unknown(PtxInstruction instruction) => new($"{_kernel.Name}, {instruction}: unknown.");
}
