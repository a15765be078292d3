using System.Collections;
using System.Runtime.CompilerServices;
using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>Arguments that a mistake might make, by type.</summary>
[InDisposeScope]
internal static class HostileArguments
{
    private static readonly double[] Reals =
        [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1, 0, -0.0, 1, double.Epsilon, double.MaxValue];

    private static readonly string[] Texts = ["", "\0", "/nonexistent/file", "/tmp", new('x', 5000)];

    /// <summary>Values instead of a good one.</summary>
    public static IEnumerable<object?> InsteadOf(object? good, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (!type.IsValueType || plain != type) yield return null;
        foreach (var value in Of(good, plain)) yield return value;
    }

    public static string Show(object? value) => value switch
    {
        null => "null",
        string { Length: > 20 } text => text[..20],
        Array array => $"{array.GetType().GetElementType()!.Name}[{array.Length}] {(array.Length > 0 ? Show(array.GetValue(0)) : "")}",
        Tensor { IsInvalid: true } => "disposed",
        Tensor tensor => $"{tensor.dtype}[{string.Join(",", tensor.shape)}] {tensor.device}{(tensor.is_sparse ? " sparse" : "")}",
        IFormattable number => number.ToString(null, null),
        _ => value.GetType().Name,
    };

    private static IEnumerable<object?> Of(object? good, Type type) =>
        type == typeof(double) ? Reals.Cast<object>()
        : type == typeof(float) ? [float.NaN, -1f, 0f, float.MaxValue]
        : type == typeof(int) ? [int.MinValue, -1, 0, 1, 300, int.MaxValue]
        : type == typeof(long) ? [long.MinValue, -1L, 0L, 1L, long.MaxValue]
        : type == typeof(bool) ? [false, true]
        : type == typeof(string) ? Texts
        : type.IsEnum ? [Enum.ToObject(type, 99)]
        : type == typeof(Tensor) ? Tensors(good as Tensor ?? ones(2, 4))
        : type == typeof(Parameter) ? [Disposed(new Parameter(ones(2))), new Parameter(ones(0)), new Parameter(ones(2, device: META))]
        : type == typeof(nn.Module) || type == typeof(nn.Module<Tensor, Tensor>) ? Modules()
        : type == typeof(optim.Optimizer) || type == typeof(OptimizerHelper) ? Optimizers()
        : type == typeof(SharpnessAwareOptimizer) ? Wrapped()
        : type == typeof(Func<Tensor>) ? Closures()
        : typeof(Delegate).IsAssignableFrom(type) ? Functions(type)
        : type == typeof(BinaryReader) ? Readers()
        : IsList(type, out var element) ? Lists(good, element)
        : type is { IsValueType: true, IsPrimitive: false } ? [RuntimeHelpers.GetUninitializedObject(type)]
        : [];

    /// <summary>Other shapes, and other kinds of the same shape.</summary>
    private static IEnumerable<Tensor> Tensors(Tensor good)
    {
        var shape = good.shape;
        yield return ones(0);
        yield return ones(1);
        yield return ones([.. shape, 2]);
        yield return zeros([3, 1, 2]);
        foreach (var type in new[] { int64, int8, float16, float64, ScalarType.Bool }) yield return ones(shape, type);
        yield return ScalarArithmetic.Full(shape, double.NaN);
        yield return ones([]).expand(shape);
        yield return ones(shape).transpose(0, shape.Length > 0 ? -1 : 0);
        if (shape.Length > 0)
        {
            yield return ones(shape, complex64);
            yield return ones(shape, device: META);
            yield return ones(shape).to_sparse();
        }
        yield return Disposed(ones(shape));
    }

    private static IEnumerable<object> Modules() =>
        [nn.ReLU(), Disposed(nn.Linear(2, 2)), nn.Linear(2, 2, device: META), nn.Linear(2, 2, dtype: complex64), nn.BatchNorm1d(2)];

    private static IEnumerable<object> Optimizers() =>
        [Disposed(optim.SGD(Arguments.NewNet().parameters(), 0.1)), new Arguments().Optimizer(), optim.SGD(Array.Empty<Parameter>(), 0.1)];

    private static IEnumerable<object> Wrapped()
    {
        yield return Disposed(new Arguments().Optimizer());
        var arguments = new Arguments();
        var ascended = arguments.Optimizer();
        arguments.Backward();
        ascended.Ascend();
        yield return ascended;
    }

    private static IEnumerable<Func<Tensor>> Closures() =>
    [
        () => null!, () => ones(3), () => ones(0), () => tensor(double.NaN), () => Disposed(ones(1)), () => ones([], complex64),
        () => ones([], int64),
        () => ones([], device: META), () => ones(3).to_sparse(), () => ones([], requires_grad: true),
    ];

    private static IEnumerable<Delegate> Functions(Type type)
    {
        var result = type.GetMethod("Invoke")!.ReturnType;
        if (result == typeof(Tensor))
        {
            foreach (var closure in Closures()) yield return Arguments.Returning(type, closure);
        }
        else if (result == typeof(double))
        {
            foreach (var real in Reals) yield return Arguments.Returning(type, () => real);
        }
        else if (!result.IsValueType && result != typeof(void))
        {
            yield return Arguments.Returning(type, () => null);
        }
    }

    private static IEnumerable<BinaryReader> Readers() =>
        [new(new MemoryStream([])), new(new MemoryStream([.. Enumerable.Repeat((byte)255, 500)])), new(new MemoryStream(new byte[500]))];

    private static bool IsList(Type type, out Type element)
    {
        element = type.IsArray ? type.GetElementType()! : type.GenericTypeArguments is [var one] ? one : typeof(object);
        return type.IsArray || (type.IsGenericType && type.GenericTypeArguments.Length == 1 && typeof(IEnumerable).IsAssignableFrom(type));
    }

    /// <summary>None, nulls, one hostile element, and fewer and more than there should be.</summary>
    private static IEnumerable<Array> Lists(object? good, Type element)
    {
        yield return Array.CreateInstance(element, 0);
        if (!element.IsValueType) yield return Array.CreateInstance(element, 2);
        var elements = good is IEnumerable list ? list.Cast<object?>().ToArray() : [];
        foreach (var hostile in InsteadOf(elements.FirstOrDefault(), element).Take(20))
            yield return Filled(element, [hostile, .. elements.Skip(1)]);
        if (elements.Length > 1) yield return Filled(element, elements[1..]);
        if (elements.Length > 0) yield return Filled(element, [.. elements, elements[0]]);
    }

    private static Array Filled(Type element, object?[] values)
    {
        var array = Array.CreateInstance(element, values.Length);
        for (var i = 0; i < values.Length; i++) array.SetValue(values[i], i);
        return array;
    }

    private static T Disposed<T>(T made)
        where T : IDisposable
    {
        made.Dispose();
        return made;
    }
}
