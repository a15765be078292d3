using System.Reflection;
using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Reliability;

/// <summary>What a step hands to its parts gets one hostile argument at a time from a part: it refuses it in our words, or can use it, and weights
/// are put back bit for bit where the step throws.</summary>
[TensorScope]
[Trait("Category", "Reliability")]
public class HostilePartTests
{
    private static readonly Type[] Phases =
        [typeof(Ascent), typeof(Descent), typeof(FirstPassReport), typeof(PartMemory), typeof(ParameterBucket), typeof(PointGradients)];

    public static IEnumerable<object[]> Members() =>
        Phases.SelectMany(type => MethodsOf(type).Select(method => new object[] { type.Name, Signature(method) }));

    [Theory]
    [MemberData(nameof(Members))]
    public void A_hostile_argument_of_a_part_is_refused_in_words(string phase, string member)
    {
        var type = Phases.Single(type => type.Name == phase);
        var method = MethodsOf(type).Single(method => Signature(method) == member);
        var parameters = method.GetParameters();
        var faults = new Faults();
        InStep(type, method, null, 0, faults);
        for (var at = 0; at < parameters.Length; at++)
        {
            for (var number = 0; InStep(type, method, at, number, faults); number++) continue;
        }
        faults.AssertNone();
    }

    /// <summary>Makes a step in which the member is called once. Returns whether there was such a hostile argument.</summary>
    private static bool InStep(Type type, MethodInfo method, int? at, int number, Faults faults)
    {
        using var scope = NewDisposeScope();
        var (calls, found) = (0, false);
        Probe probe = null!;
        probe = new Probe((given, phase) =>
        {
            if (!type.IsInstanceOfType(given) || calls++ > 0) return;
            var arguments = new Arguments { Phase = phase, Part = probe };
            var values = arguments.GoodFor(method);
            if (at is { } place)
            {
                var hostile = HostileArguments.InsteadOf(values[place], method.GetParameters()[place].ParameterType).Skip(number).Take(1).ToArray();
                found = hostile.Length > 0;
                if (!found) return;
                values[place] = hostile[0];
            }
            var what = $"{type.Name}.{method.Name}({(at is { } i ? $"{method.GetParameters()[i].Name}: {HostileArguments.Show(values[i])}" : "")})";
            faults.Note(what, false, () => method.Invoke(method.IsStatic ? null : given, values));
        });
        var outer = new Arguments();
        using var optimizer = outer.Optimizer(new SharpnessAwareOptions { Direction = probe, Schedule = probe, Combiner = probe });
        faults.Note($"the step after {type.Name}.{method.Name}", false, () => optimizer.Step(outer.Backward).Dispose());
        Assert.Equal(1, Math.Min(calls, 1));
        return found;
    }

    private static IEnumerable<MethodInfo> MethodsOf(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.FlattenHierarchy).Where(method => Arguments.Assemblies.Contains(method.DeclaringType!.Assembly) && method.Name != "Dispose"
        && !method.IsGenericMethod);

    private static string Signature(MethodInfo method) =>
        $"{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})";

    /// <summary>A part of every role, which hands all that it is given to a trial.</summary>
    private sealed class Probe(Action<object, StepPhase?> tries) : IDirection, IRadiusSchedule, ICombiner
    {
        private Ascent? _ascent;

        public bool Remembers => true;

        public bool NeedsAscentGradients => true;

        public bool NeedsFurtherPasses => true;

        public double At(StepInfo info, double rho) => rho;

        public double After(FirstPassReport first, StepInfo info, double radius)
        {
            tries(first, null);
            return radius;
        }

        public void Aim(Ascent ascent)
        {
            if (_ascent is not null) return; // of a further pass
            _ascent = ascent;
            tries(ascent, ascent);
            tries(ascent.Buckets[0], ascent);
            tries(ascent.MemoryOf(this), ascent);
        }

        public void Combine(Descent descent)
        {
            tries(descent, descent);
            using var point = descent.At(0.5);
            tries(point, descent);
        }
    }
}
