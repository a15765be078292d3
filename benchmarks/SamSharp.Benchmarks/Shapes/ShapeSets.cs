namespace SamSharp.Benchmarks.Shapes;

internal static class ShapeSets
{
    /// <summary>The shape of every parameter of a set.</summary>
    public static IEnumerable<long[]> ParameterShapes(this ShapeSet set) => set switch
    {
        ShapeSet.T5Small => T5Architecture.Small.ParameterShapes(),
        ShapeSet.T5Large => T5Architecture.Large.ParameterShapes(),
        ShapeSet.Tiny => Enumerable.Repeat<long[]>([8], 10_000),
        _ => throw new ArgumentOutOfRangeException(nameof(set), set, "No such set of shapes."),
    };
}
