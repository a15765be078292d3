using System.Reflection;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Reliability;

/// <summary>Every public member gets one hostile argument at a time, the others good: it refuses it in our words, or can use it. What it makes is
/// used too. Errors of functions that the tests pass are theirs.</summary>
[TensorScope]
[Trait("Category", "Reliability")]
public class HostileArgumentTests
{
    private static readonly Dictionary<string, Type> Public = Arguments.Assemblies.SelectMany(assembly => assembly.GetExportedTypes())
        .Where(type => !type.IsSpecialName && !type.IsEnum && !type.IsInterface && !type.ContainsGenericParameters
            && !typeof(Delegate).IsAssignableFrom(type) && type != typeof(Distributed.MpiGroup))
        .ToDictionary(type => type.FullName!);

    /// <summary>Operators are libtorch's, and so are their errors.</summary>
    private static bool HasErrorsOfLibtorch(MethodBase member) => member.DeclaringType == typeof(ScalarArithmetic);

    /// <summary>How often a measure, which can be canceled, does something: it takes its time.</summary>
    private static bool IsPatient(ParameterInfo parameter) => parameter.Member.DeclaringType!.Namespace == "SamSharp.Analysis"
        && parameter.Name is not ("points" or "rows") && parameter.Member.Name != "Places";

    public static TheoryData<string> Types => new(Public.Keys);

    [Theory]
    [MemberData(nameof(Types))]
    public void A_hostile_argument_is_refused_in_words(string name)
    {
        var type = Public[name];
        var faults = new Faults();
        if (!type.IsAbstract)
        {
            foreach (var constructor in type.GetConstructors())
                if (constructor.GetParameters() is not [var one] || one.ParameterType != type) Try(constructor, _ => null, faults);
        }
        foreach (var method in MethodsOf(type, BindingFlags.Static)) Try(method, _ => null, faults);
        if (type.IsAbstract || !HasObject(type))
        {
            faults.AssertNone();
            return;
        }
        foreach (var method in MethodsOf(type, BindingFlags.Instance))
        {
            Try(method, arguments => arguments.Good(type, ""), faults);
            if (typeof(IDisposable).IsAssignableFrom(type)) Try(method, arguments => Disposed(arguments.Good(type, "")!), faults);
        }
        faults.AssertNone();
    }

    /// <summary>Types whose objects only a step, a group or nothing makes: <see cref="HostilePartTests"/> tries the first.</summary>
    [Fact]
    public void Almost_every_type_has_an_object_to_try() => Assert.Equal(
        ["Ascent", "Descent", "FirstPassReport", "LocalGroup", "ParameterBucket", "ParameterSlot", "PartMemory", "PointGradients"],
        Public.Values.Where(type => !type.IsAbstract && !HasObject(type)).Select(type => type.Name)
            .Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(nameof(Unchecked.Length))]
    [InlineData(nameof(Unchecked.First))]
    [InlineData(nameof(Unchecked.Largest))]
    [InlineData(nameof(Unchecked.Many))]
    public void A_member_that_does_not_check_is_found(string name)
    {
        var faults = new Faults(typeof(Unchecked));
        Try(typeof(Unchecked).GetMethod(name)!, _ => null, faults);
        Assert.NotEmpty(faults.Texts);
    }

    private static IEnumerable<MethodInfo> MethodsOf(Type type, BindingFlags kind) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.DeclaredOnly | kind).Where(method =>
            !method.Name.StartsWith("op_", StringComparison.Ordinal)
            && method.Name is not ("Deconstruct" or "Equals" or "GetHashCode" or "<Clone>$"));

    private static void Try(MethodBase member, Func<Arguments, object?> target, Faults faults)
    {
        if (member is MethodInfo { IsGenericMethodDefinition: true } open) member = open.MakeGenericMethod(KindFor(open));
        var parameters = member.GetParameters();
        if (member.ContainsGenericParameters) return;
        if (parameters.Any(parameter => parameter.ParameterType is { IsByRefLike: true } or { IsByRef: true })) return;
        Call(member, target, null, null, faults);
        for (var at = 0; at < parameters.Length; at++)
        {
            using var scope = NewDisposeScope();
            var good = new Arguments().GoodFor(member)[at];
            foreach (var hostile in HostileArguments.InsteadOf(good, parameters[at].ParameterType))
                if (hostile is not int.MaxValue || !IsPatient(parameters[at])) Call(member, target, at, hostile, faults);
        }
    }

    private static void Call(MethodBase member, Func<Arguments, object?> target, int? at, object? hostile, Faults faults)
    {
        using var scope = NewDisposeScope();
        var what = $"{member.DeclaringType!.Name}.{member.Name}" +
            (at is { } place ? $"({member.GetParameters()[place].Name}: {HostileArguments.Show(hostile)})" : "()");
        var arguments = new Arguments();
        var values = arguments.GoodFor(member);
        if (at is { } i) values[i] = hostile;
        faults.Note(what, HasErrorsOfLibtorch(member), () =>
        {
            var instance = member.IsStatic ? null : target(arguments);
            using var owned = instance as IDisposable; // a scope of Autocast, above all
            var made = member is ConstructorInfo constructor ? constructor.Invoke(values) : member.Invoke(instance, values);
            Use(member.Name.StartsWith("set_", StringComparison.Ordinal) ? instance : made, arguments);
        });
    }

    /// <summary>Trains two steps with a recipe, makes a step with an optimizer, and prints the rest.</summary>
    private static void Use(object? made, Arguments arguments)
    {
        using var owned = made as IDisposable;
        made = made switch
        {
            IDirection direction => new SharpnessAwareOptions { Direction = direction },
            IGeometry geometry => new SharpnessAwareOptions { Geometry = geometry },
            IRadiusSchedule schedule => new SharpnessAwareOptions { Schedule = schedule },
            ICombiner combiner => new SharpnessAwareOptions { Combiner = combiner },
            INoise noise => new SharpnessAwareOptions { Direction = new RandomDirection(noise) },
            IElementMask mask => new SharpnessAwareOptions { Geometry = new MaskedGeometry(new EuclideanGeometry(), mask) },
            _ => made,
        };
        if (made is SharpnessAwareOptions options)
        {
            using var optimizer = arguments.Optimizer(options);
            for (var i = 0; i < 2; i++) optimizer.Step(arguments.Backward).Dispose();
        }
        else if (made is OptimizerHelper helper and not SharpnessAwareOptimizer)
        {
            foreach (var parameter in helper.parameters().Where(parameter => !parameter.IsInvalid && parameter.device_type == DeviceType.CPU))
                parameter.grad = ones_like(parameter);
            if (helper is BSam or Sassha) helper.step(arguments.Backward);
            else helper.step();
        }
        else if (made is System.Collections.IEnumerable list and not string)
        {
            foreach (var _ in list.Cast<object>().Take(3)) continue;
        }
        else if (made is not null && Arguments.Assemblies.Contains(made.GetType().Assembly))
        {
            _ = made.ToString();
        }
    }

    private static Type[] KindFor(MethodInfo open) =>
        [.. open.GetGenericArguments().Select(argument =>
            (argument.GenericParameterAttributes & GenericParameterAttributes.NotNullableValueTypeConstraint) != 0 ? typeof(float) : typeof(Tensor))];

    private static bool HasObject(Type type)
    {
        var made = new Arguments().Good(type, "");
        (made as IDisposable)?.Dispose();
        return made is not null;
    }

    private static object Disposed(object made)
    {
        ((IDisposable)made).Dispose();
        return made;
    }

    /// <summary>Members without checks.</summary>
    private static class Unchecked
    {
        public static int Length(string text) => text.Length;

        public static double First(IReadOnlyList<double> numbers) => numbers[0];

        public static Tensor Largest(Tensor losses) => losses.topk(1).values;

        public static double[] Many(int count) => new double[Math.Max(count, 0)];
    }
}
