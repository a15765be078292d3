namespace SamSharp.Steps;

/// <summary>The parts of a recipe, inner ones included, and what each of them remembers. A part that has two roles has one memory.</summary>
internal sealed class RecipeMemory : IDisposable
{
    private readonly Dictionary<IStepPart, PartMemory> _memories = [];

    /// <exception cref="ArgumentException">A part that remembers something is used in two places of the recipe.</exception>
    public RecipeMemory(SharpnessAwareOptions options)
    {
        Roles = [options.Direction, options.Geometry, options.Schedule, options.Combiner];
        Parts = [.. Roles.Distinct().SelectMany(WithInner)];
        foreach (var part in Parts.Where(part => part.Remembers))
        {
            if (!_memories.TryAdd(part, new PartMemory()))
                throw new ArgumentException($"{part} is part of the recipe twice, and both would write to the same memory. " +
                    "Give them different settings, or leave one out.");
        }
    }

    /// <summary>Direction, geometry, schedule and combiner.</summary>
    public IReadOnlyList<IStepPart> Roles { get; }

    /// <summary>All parts, each before the parts it is built from.</summary>
    public IReadOnlyList<IStepPart> Parts { get; }

    /// <summary>The memories by part, in the order of the parts.</summary>
    public IEnumerable<(IStepPart Part, PartMemory Memory)> All => Parts.Where(_memories.ContainsKey).Select(part => (part, _memories[part]));

    public bool IsEmpty => _memories.Count == 0;

    /// <summary>The first part that remembers something, or null.</summary>
    public IStepPart? Keeper => Parts.FirstOrDefault(part => part.Remembers);

    /// <summary>Whether every part comes from this library, so that no user code runs when gradients are combined.</summary>
    public bool IsOurs => Parts.All(part => part.GetType().Assembly == typeof(RecipeMemory).Assembly);

    public PartMemory Of(IStepPart part) => _memories.TryGetValue(part, out var memory) ? memory : throw new InvalidOperationException(
        $"{part} has no memory: it is not one of the recipe's parts, or does not say {nameof(IStepPart.Remembers)}.");

    public void BeCertain()
    {
        foreach (var memory in _memories.Values) memory.IsCertain = true;
    }

    public void Commit()
    {
        foreach (var memory in _memories.Values) memory.Commit();
    }

    public void Rollback()
    {
        foreach (var memory in _memories.Values) memory.Rollback();
    }

    public void Dispose()
    {
        foreach (var memory in _memories.Values) memory.Dispose();
    }

    private static IEnumerable<IStepPart> WithInner(IStepPart part) => part.Inner.SelectMany(WithInner).Prepend(part);
}
