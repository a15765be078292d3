namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>Registers that keep their values across barriers: for each type, as many for each thread as the program has.</summary>
internal sealed class PtxFrames(PtxProgram program, int threads)
{
    public bool[] Predicates { get; } = new bool[program.CountOf(typeof(bool)) * threads];

    public ushort[] Shorts { get; } = new ushort[program.CountOf(typeof(ushort)) * threads];

    public uint[] Ints { get; } = new uint[program.CountOf(typeof(uint)) * threads];

    public ulong[] Longs { get; } = new ulong[program.CountOf(typeof(ulong)) * threads];

    public float[] Floats { get; } = new float[program.CountOf(typeof(float)) * threads];

    public double[] Doubles { get; } = new double[program.CountOf(typeof(double)) * threads];

    /// <summary>The property that has the registers of a type.</summary>
    public static string NameFor(Type type) =>
        type == typeof(bool) ? nameof(Predicates) : type == typeof(ushort) ? nameof(Shorts) : type == typeof(uint) ? nameof(Ints)
        : type == typeof(ulong) ? nameof(Longs) : type == typeof(float) ? nameof(Floats) : nameof(Doubles);
}
