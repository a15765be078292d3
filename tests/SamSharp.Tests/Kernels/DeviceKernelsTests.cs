using SamSharp.Kernels;

namespace SamSharp.Tests.Kernels;

/// <summary>Each list goes to the kernels of its device.</summary>
[TensorScope]
public class DeviceKernelsTests
{
    private static readonly Dictionary<string, Action<ITensorListKernels, Tensor[], Tensor>> Operations = new()
    {
        ["Norm"] = (kernels, list, _) => kernels.Norm(list),
        ["AdaptiveNorm"] = (kernels, list, _) => kernels.AdaptiveNorm(list, list, 0.1),
        ["Dot"] = (kernels, list, _) => kernels.Dot(list, list),
        ["Scale"] = (kernels, _, number) => kernels.Scale(number, 0.1, 0),
        ["Perturb"] = (kernels, list, number) => kernels.Perturb(list, list, list, number),
        ["PerturbAdaptive"] = (kernels, list, number) => kernels.PerturbAdaptive(list, list, list, number, 0.1),
        ["Copy"] = (kernels, list, _) => kernels.Copy(list, list),
        ["Accumulate"] = (kernels, list, _) => kernels.Accumulate(list, list, 0.5),
        ["PerturbRounded"] = (kernels, list, number) => kernels.PerturbRounded(new(list), list, list, number, null),
        ["Round"] = (kernels, list, _) => kernels.Round(list, list, null),
        ["TakeUpChanges"] = (kernels, list, _) => kernels.TakeUpChanges(list, list),
        ["Mix"] = (kernels, list, number) => kernels.Mix(list, number, list, number),
    };

    public static TheoryData<string> Names => new(Operations.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_list_on_the_CPU_goes_to_the_kernels_for_the_CPU(string name) => Assert.Equal([$"cpu: {name}"], Calls(name, CPU));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_list_on_another_device_goes_to_the_others(string name) => Assert.Equal([$"others: {name}"], Calls(name, META));

    /// <summary>No tensor of CUDA is needed to see where one would go.</summary>
    [Fact]
    public void A_list_on_CUDA_goes_to_the_kernels_for_CUDA()
    {
        var kernels = new DeviceKernels(KernelSets.Vectorized, KernelSets.Cuda, KernelSets.MultiTensor);
        Assert.Same(KernelSets.Cuda, kernels.For(DeviceType.CUDA));
        Assert.Same(KernelSets.Vectorized, kernels.For(DeviceType.CPU));
        Assert.Same(KernelSets.MultiTensor, kernels.For(DeviceType.MPS));
    }

    [Fact]
    public void The_default_computes_on_the_CPU_as_the_vectorized_kernels_do()
    {
        var numbers = randn(100_000, dtype: float32);
        Assert.Equal(KernelSets.Vectorized.Norm([numbers]).data<float>()[0], KernelSets.Default.Norm([numbers]).data<float>()[0]);
        Assert.Same(KernelSets.Default, KernelSets.Of(UpdateKernels.Automatic));
        Assert.Same(KernelSets.MultiTensor, KernelSets.Of(UpdateKernels.MultiTensor));
        Assert.Same(KernelSets.Reference, KernelSets.Of(UpdateKernels.Reference));
    }

    private static List<string> Calls(string name, Device device)
    {
        var calls = new List<string>();
        ITensorListKernels Listening(string kind) => new Listener(kind, calls);
        var kernels = new DeviceKernels(Listening("cpu"), Listening("cuda"), Listening("others"));
        Operations[name](kernels, [ones(3, device: device)], ones([], device: device));
        return calls;
    }

    /// <summary>Notes what is called and does nothing.</summary>
    private sealed class Listener(string kind, List<string> calls) : ITensorListKernels
    {
        public Tensor Norm(Tensor[] vectors) => Note(nameof(Norm));

        public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa) => Note(nameof(AdaptiveNorm));

        public Tensor Dot(Tensor[] left, Tensor[] right) => Note(nameof(Dot));

        public Tensor Scale(Tensor norm, double radius, double floor) => Note(nameof(Scale));

        public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale) => Note(nameof(Perturb));

        public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa) =>
            Note(nameof(PerturbAdaptive));

        public void Copy(Tensor[] targets, Tensor[] sources) => Note(nameof(Copy));

        public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight) => Note(nameof(Accumulate));

        public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other) => Note(nameof(Mix));

        public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa) =>
            Note(nameof(PerturbRounded));

        public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys) => Note(nameof(Round));

        public void TakeUpChanges(Tensor[] masters, Tensor[] weights) => Note(nameof(TakeUpChanges));

        private Tensor Note(string name)
        {
            calls.Add($"{kind}: {name}");
            return zeros([]);
        }
    }
}
