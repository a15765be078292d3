using System.Linq.Expressions;
using System.Reflection;
using SamSharp.Steps;
using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>Good arguments for members that are called by reflection, from types and names of parameters.</summary>
[InDisposeScope]
internal sealed class Arguments
{
    private const int Deepest = 4;

    public static IReadOnlyList<Assembly> Assemblies { get; } = [typeof(SharpnessAwareOptimizer).Assembly, typeof(Distributed.LocalGroup).Assembly];

    public nn.Module<Tensor, Tensor> Net { get; private set; } = NewNet();

    /// <summary>The phase of a step that is under way, whose buckets and parameters are the arguments; null outside.</summary>
    public StepPhase? Phase { get; init; }

    /// <summary>The part that the phase keeps a memory for.</summary>
    public IStepPart? Part { get; init; }

    public static nn.Module<Tensor, Tensor> NewNet() => nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2));

    public object?[] GoodFor(MethodBase member) =>
        [.. member.GetParameters().Select(parameter =>
            parameter.HasDefaultValue ? DefaultOf(parameter) : Good(parameter.ParameterType, parameter.Name!))];

    public object? Good(Type type, string name, int depth = 0)
    {
        if (depth > Deepest) return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return InPhase(type) ?? Simple(type, name) ?? Torch(type, name) ?? Composed(type, name, depth);
    }

    /// <summary>An optimizer around a new net.</summary>
    public SharpnessAwareOptimizer Optimizer(SharpnessAwareOptions? options = null)
    {
        Net = NewNet();
        options ??= new();
        return new(optim.SGD(Net.parameters(), 0.1), options with { Module = options.Module ?? Net });
    }

    /// <summary>A loss, with its gradients.</summary>
    public Tensor Backward()
    {
        var loss = Loss();
        loss.backward();
        return loss;
    }

    private Tensor Loss() => Net.call(ones(2, 4)).Squared().sum();

    private object? InPhase(Type type) => Phase is null ? null
        : type == typeof(ParameterBucket) ? Phase.Buckets[0]
        : type == typeof(ParameterSlot) ? Phase.Buckets[0].Parameters[0]
        : type == typeof(IReadOnlyList<ParameterBucket>) ? Phase.Buckets
        : type == typeof(IReadOnlyList<ParameterSlot>) ? Phase.Buckets[0].Parameters
        : type == typeof(Tensor[]) ? Phase.Buckets[0].Weights.Select(weight => weight.clone()).ToArray()
        : type == typeof(Tensor) ? ones([])
        : type == typeof(IStepPart) ? Part
        : type.IsInstanceOfType(Phase) ? Phase
        : null;

    private static object? Simple(Type type, string name) =>
        type == typeof(double) ? 0.5 : type == typeof(float) ? 0.5f
        : type == typeof(int) ? 2 : type == typeof(long) ? 2L : type == typeof(ulong) ? 2ul
        : type == typeof(bool) ? name == "unbiased"
        : type == typeof(string) ? "a" : type == typeof(object) ? new object() : type == typeof(Type) ? typeof(int)
        : type.IsEnum ? Enum.GetValues(type).GetValue(0)
        : type == typeof(CancellationToken) ? CancellationToken.None : type == typeof(TimeSpan) ? TimeSpan.FromSeconds(1)
        : type == typeof(BinaryReader) ? new BinaryReader(new MemoryStream(new byte[100]))
        : type == typeof(BinaryWriter) ? new BinaryWriter(new MemoryStream())
        : type == typeof(Stream) ? new MemoryStream()
        : null;

    private object? Torch(Type type, string name) =>
        type == typeof(Tensor) ? TensorFor(name)
        : type == typeof(Parameter) ? new Parameter(ones(2, 4))
        : type == typeof(Scalar) ? 1.0.ToScalar() : type == typeof(Device) ? CPU
        : type.IsInstanceOfType(Net) ? Net
        : type == typeof(IEnumerable<Parameter>) ? Net.parameters().ToArray()
        : type == typeof(optim.Optimizer) || type == typeof(OptimizerHelper) ? optim.SGD(Net.parameters(), 0.1)
        : type == typeof(SharpnessAwareOptimizer) ? Optimizer()
        : type == typeof(SharpnessAwareOptions) ? new SharpnessAwareOptions()
        : null;

    private static Tensor TensorFor(string name) => name switch
    {
        "labels" or "indices" or "index" => zeros([2], int64),
        "mask" => ones([2, 4], ScalarType.Bool),
        "losses" or "weights" or "perturbed" => ones(2),
        "loss" => ones([], requires_grad: true),
        _ => ones(2, 4),
    };

    private object? Composed(Type type, string name, int depth)
    {
        if (typeof(Delegate).IsAssignableFrom(type)) return Function(type, name, depth);
        if (type.IsArray)
        {
            var array = Array.CreateInstance(type.GetElementType()!, 1);
            array.SetValue(Good(type.GetElementType()!, name, depth + 1), 0);
            return array;
        }
        if (type.IsGenericType && type.Name.Contains("Dictionary", StringComparison.Ordinal))
            return Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GenericTypeArguments));
        if (type.IsGenericType && type.IsInterface && type.GenericTypeArguments is [var element])
            return Good(element.MakeArrayType(), name, depth + 1);
        if (type.IsGenericType && type.Name.StartsWith(nameof(ValueTuple), StringComparison.Ordinal))
            return Activator.CreateInstance(type, type.GenericTypeArguments.Select(part => Good(part, name, depth + 1)).ToArray());
        return Assemblies.Contains(type.Assembly) ? Instance(type, depth) : type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    /// <summary>What closures of that name return: a loss after backward(), a loss that is only measured, losses, logits, or a function.</summary>
    private Delegate Function(Type type, string name, int depth)
    {
        if (type == typeof(Func<Tensor>))
            return (Func<Tensor>)(name is "loss" or "divergence" ? Loss : name == "losses" ? () => Net.call(ones(2, 4)).sum(1)
                : name == "logits" ? () => Net.call(ones(2, 4)) : Backward);
        if (type == typeof(Func<Tensor, Tensor>))
        {
            return (Func<Tensor?, Tensor>)(name == "losses" ? rows => Net.call(rows is null ? ones(2, 4) : ones(rows.shape[0], 4)).sum(1)
                : name == "loss" ? x => x!.Squared().sum() : x => x!.exp());
        }
        if (type == typeof(Func<Tensor, double, Tensor>)) return (Tensor x, double bandwidth) => x.Plus(bandwidth);
        if (type == typeof(Func<ParameterBucket, Tensor>)) return (ParameterBucket _) => ones([]);
        if (type == typeof(Func<double[,], IReadOnlyList<double>>)) return (double[,] products) => new double[products.GetLength(0)];
        return Returning(type, () => Good(type.GetMethod("Invoke")!.ReturnType, name, depth + 1));
    }

    /// <summary>A function of any type.</summary>
    public static Delegate Returning(Type type, Func<object?> make)
    {
        var invoke = type.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(parameter => Expression.Parameter(parameter.ParameterType)).ToArray();
        return Expression.Lambda(type, invoke.ReturnType == typeof(void) ? Expression.Empty()
            : Expression.Convert(Expression.Invoke(Expression.Constant(make)), invoke.ReturnType), parameters).Compile();
    }

    /// <summary>An object of one of our types: what a constructor, or else a static member, makes of good arguments.</summary>
    private object? Instance(Type type, int depth)
    {
        if (type == typeof(RecipeInfo)) return Recipe.All[0];
        if (type == typeof(StepReport)) return Optimizer().LastStep;
        if (type == typeof(LoraAdapters)) return LoraAdapters.Inject(Net = NewNet(), (path, _) => path == "0");
        if (type == typeof(LoraLinear)) return LoraAdapters.Inject(Net = NewNet(), (path, _) => path == "0").Layers.Values.First();
        var kinds = Assemblies.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(kind => !kind.IsAbstract && !kind.ContainsGenericParameters && type.IsAssignableFrom(kind));
        var makers = kinds.SelectMany(kind => kind.GetConstructors()
                .Where(maker => maker.GetParameters() is not [var one] || one.ParameterType != kind))
            .OrderBy(maker => maker.GetParameters().Length).Cast<MethodBase>()
            .Concat(Assemblies.SelectMany(assembly => assembly.GetExportedTypes())
                .SelectMany(owner => owner.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
                .Where(maker => type.IsAssignableFrom(maker.ReturnType) && !maker.ContainsGenericParameters));
        return makers.Take(Deepest).Select(maker => Made(maker, depth)).FirstOrDefault(made => made is not null);
    }

    private object? Made(MethodBase maker, int depth)
    {
        object?[] arguments = [.. maker.GetParameters().Select(parameter =>
            parameter.HasDefaultValue ? DefaultOf(parameter) : Good(parameter.ParameterType, parameter.Name!, depth + 1))];
        try
        {
            return maker is ConstructorInfo constructor ? constructor.Invoke(arguments) : maker.Invoke(null, arguments);
        }
        catch (TargetInvocationException)
        {
            return null; // the next maker may do
        }
    }

    private static object? DefaultOf(ParameterInfo parameter)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType);
        if (parameter.DefaultValue is null)
            return parameter.ParameterType.IsValueType && type is null ? Activator.CreateInstance(parameter.ParameterType) : null;
        return (type ?? parameter.ParameterType) is { IsEnum: true } kind ? Enum.ToObject(kind, parameter.DefaultValue) : parameter.DefaultValue;
    }
}
