using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>SAM on the Stiefel manifold: its invariants, and numbers of a program that does not know this library.</summary>
[TensorScope]
public class RiemannianSamTests
{
    private static readonly double[] Start =
        [0.312347523777212, 0.838116354923494, 0.937042571331637, -0.349215147884789, 0.156173761888606, 0.419058177461747];

    /// <summary>A matrix on the manifold and a free vector, with loss (W, A W)/2 - (B, W) + |v|^2.</summary>
    private sealed class Both : nn.Module
    {
        private readonly Tensor _a, _b;
        private readonly bool _isWide;

        public Both(bool isWide = false, ScalarType dtype = ScalarType.Float64) : base(nameof(Both))
        {
            _isWide = isWide;
            _a = tensor(new[] { 2, 0.5, 0, 0.5, 1, -0.3, 0, -0.3, 3 }, [3, 3], dtype);
            _b = tensor(new[] { 1, -1, 0.5, 2, 0.3, 0.7 }, [3, 2], dtype);
            var start = tensor(Start, [3, 2], dtype);
            Matrix = new Parameter(isWide ? start.t().contiguous() : start);
            Free = new Parameter(tensor(new[] { 0.3, -0.4 }, dtype));
            RegisterComponents();
        }

        public Parameter Matrix { get; }

        public Parameter Free { get; }

        /// <summary>The matrix at each pass, high rather than wide.</summary>
        public List<Tensor> Points { get; } = [];

        public Tensor High => _isWide ? Matrix.t() : Matrix;

        public Tensor Backward() => Backward(1);

        public Tensor Backward(double factor)
        {
            Points.Add(High.detach().clone());
            var loss = High.mul(_a.mm(High)).sum().Times(0.5).sub(_b.mul(High).sum()).Plus(Free.Squared().sum()).Times(factor);
            loss.backward();
            return loss;
        }

        public SharpnessAwareOptimizer Wrap(SharpnessAwareOptions recipe, Func<IEnumerable<Parameter>, optim.Optimizer>? baseOf = null) =>
            new((baseOf ?? (all => optim.SGD(all, 0.05, momentum: 0.9)))([Matrix, Free]), recipe with { Module = this });
    }

    private static bool IsMatrix(ParameterSlot slot) => slot.Parameter.dim() == 2;

    private static double Departure(Tensor high) =>
        high.detach().t().mm(high.detach()).sub(eye(high.shape[1], dtype: high.dtype)).abs().max().ReadDouble();

    /// <summary>The largest entry of W'V + V'W, which is 0 where V is tangent at W.</summary>
    private static double NormalPart(Tensor w, Tensor v)
    {
        var products = w.detach().t().mm(v.detach());
        return products.Plus(products.t()).abs().max().ReadDouble();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Three_steps_are_those_of_an_independent_program(bool isWide)
    {
        double[][] matrices =
        [
            [0.290719605654703, 0.832804018757127, 0.944190780353147, -0.329398907118687, 0.154873758862143, 0.444897545881064],
            [0.249183836334737, 0.819996423814036, 0.956640912560117, -0.291268550394844, 0.15081637883748, 0.49271543154551],
            [0.189327987766381, 0.795872663747276, 0.971710074184275, -0.236078695074141, 0.141189393288322, 0.557542422450442],
        ];
        double[][] vectors =
        [
            [0.265379839593684, -0.353839786124912],
            [0.203337392286202, -0.271116523048269],
            [0.123472201449383, -0.164629601932511],
        ];
        var model = new Both(isWide);
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix, 0.1));
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(model.Backward).Dispose();
            Close.To(matrices[t], model.High.contiguous().ReadAll<double>(), 1e-12);
            Close.To(vectors[t], model.Free.ReadAll<double>(), 1e-12);
        }
    }

    public static TheoryData<string> BaseNames => new(Bases.Keys);

    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, optim.Optimizer>> Bases = new()
    {
        ["SGD"] = all => optim.SGD(all, 0.1, momentum: 0.9),
        ["AdamW"] = all => optim.AdamW(all, 0.05),
        ["FusedSGD"] = all => new FusedSGD(all, 0.1, momentum: 0.9),
        ["FusedAdamW"] = all => new FusedAdamW(all, 0.05),
    };

    /// <summary>After every step, plain ones too, and in every pass; the loss falls to that of a stationary point.</summary>
    [Theory]
    [MemberData(nameof(BaseNames))]
    public void The_matrix_stays_on_the_manifold_and_gradients_in_its_tangent_space(string baseName)
    {
        foreach (var (dtype, bound) in new[] { (float64, 1e-14), (float32, 1e-6) })
        {
            var model = new Both(dtype: dtype);
            using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix, 0.2), Bases[baseName]);
            for (var t = 0; t < 20; t++)
            {
                var before = model.Matrix.detach().clone();
                optimizer.Step(model.Backward).Dispose();
                Assert.InRange(NormalPart(before, model.Matrix.grad!), 0, bound * 10);
                Assert.InRange(Departure(model.Matrix), 0, bound);
            }
            Assert.Equal(40, model.Points.Count);
            Assert.All(model.Points, point => Assert.InRange(Departure(point), 0, bound));
        }
    }

    [Fact]
    public void A_plain_step_is_retracted_too()
    {
        var model = new Both();
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix, 0));
        for (var t = 0; t < 300; t++) optimizer.Step(model.Backward).Dispose();
        Assert.Equal(300, model.Points.Count);
        Assert.InRange(Departure(model.Matrix), 0, 1e-14);
        Assert.InRange(model.Matrix.grad!.EuclideanNorm().ReadDouble(), 0, 1e-3); // on the manifold; the loss's own gradient is not 0
    }

    /// <summary>W+ R = W + e with W'e + e'W = 0, so that R'R = I + e'e: the triangular factor tells e from W+.</summary>
    [Fact]
    public void The_perturbation_is_tangent_and_as_long_as_the_radius()
    {
        var model = new Both();
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix, 0.2));
        using (no_grad()) model.Free.Fill(0); // no gradient, so that all of the radius is the matrix's
        optimizer.Step(model.Backward).Dispose();
        var (w, moved) = (model.Points[0], model.Points[1]);
        // W'W+ R = I + S with S skew: of the three unknowns of R and the one of S, the equations give R by rows from the last.
        var c = w.t().mm(moved).ReadAll<double>();
        var (c00, c01, c10, c11) = (c[0], c[1], c[2], c[3]);
        var r00 = 1 / c00;
        var s = c10 * r00; // S = [[0, -s], [s, 0]]
        // c00 r01 + c01 r11 = -s, c10 r01 + c11 r11 = 1
        var determinant = (c00 * c11) - (c01 * c10);
        var (r01, r11) = (((-s * c11) - c01) / determinant, (c00 + (s * c10)) / determinant);
        var e = moved.mm(tensor(new[] { r00, r01, 0, r11 }, [2, 2])).sub(w);
        Assert.InRange(NormalPart(w, e), 0, 1e-14);
        Assert.Equal(0.2, e.EuclideanNorm().ReadDouble(), 1e-12);
    }

    /// <summary>A vector of the tangent space at W+, projected at W, is in the tangent space at W.</summary>
    [Fact]
    public void Transport_keeps_vectors_tangent()
    {
        var model = new Both();
        Tensor? start = null;
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix, 0.3));
        start = model.Matrix.detach().clone();
        optimizer.Step(model.Backward).Dispose();
        var final = model.Matrix.grad!.detach();
        Assert.InRange(NormalPart(start, final), 0, 1e-14);
        Assert.True(NormalPart(model.Points[1], final) > 1e-3, "tangent at both points, which tells nothing");
    }

    [Fact]
    public void On_flat_space_it_is_SAM_bit_for_bit()
    {
        using Problem flat = new(), plain = new();
        using var first = new SharpnessAwareOptimizer(optim.AdamW(flat.Parameters, 0.01), Recipe.RiemannianSam(_ => false, 0.1));
        using var second = new SharpnessAwareOptimizer(optim.AdamW(plain.Parameters, 0.01), Recipe.Sam(0.1));
        for (var t = 0; t < 5; t++)
        {
            first.Step(() => flat.Backward(t)).Dispose();
            second.Step(() => plain.Backward(t)).Dispose();
        }
        Close.Bits(plain.Weights(), flat.Weights());
    }

    [Fact]
    public void Training_resumes_and_leaves_no_tensors()
    {
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);

        static SharpnessAwareOptimizer Wrap(Problem problem)
        {
            using (no_grad())
            {
                var first = problem.Parameters.First();
                if (Departure(first) > 1e-9) first.copy_(linalg.qr(first).Q);
            }
            return optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness(Recipe.RiemannianSam(slot => slot.Index == 0, 0.1));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_skipped_step_leaves_every_bit(bool fused)
    {
        var model = new Both();
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix), fused
            ? all => new FusedSGD(all, 0.1) { Kernel = UpdateKernels.MultiTensor } // which leaves the check on the device
            : Bases["SGD"]);
        optimizer.Step(model.Backward).Dispose();
        var before = model.Matrix.detach().clone();
        optimizer.Step(() => model.Backward(double.NaN)).Dispose();
        Assert.Equal(1, optimizer.LastStep.SkippedSteps);
        Close.Bits(before, model.Matrix);
    }

    /// <summary>The float32 weights that bfloat16 ones are rounded from are retracted, and so go on from the manifold.</summary>
    [Fact]
    public void Master_weights_are_on_the_manifold()
    {
        var model = new Both(dtype: bfloat16);
        IGuardedOptimizer? guarded = null;
        using var optimizer = model.Wrap(Recipe.RiemannianSam(IsMatrix), all =>
        {
            var sgd = new FusedSGD(all, 0.1) { MasterWeights = true };
            guarded = sgd;
            return sgd;
        });
        for (var t = 0; t < 5; t++) optimizer.Step(model.Backward).Dispose();
        Assert.InRange(Departure(guarded!.MasterOf(model.Matrix)!), 0, 1e-6);
        Assert.InRange(Departure(model.Matrix.to(float32)), 0, 0.02); // bfloat16's rounding
        var wide = new Both(dtype: float32);
        using var exact = wide.Wrap(Recipe.RiemannianSam(IsMatrix), all => new FusedSGD(all, 0.1));
        for (var t = 0; t < 5; t++) exact.Step(wide.Backward).Dispose();
        Close.To(wide.Matrix, model.Matrix.to(float32), 0.02);
    }

    [Fact]
    public void What_cannot_be_on_the_manifold_is_refused()
    {
        var model = new Both();
        Assert.Contains("is not a matrix", Assert.Throws<ArgumentException>(() => model.Wrap(Recipe.RiemannianSam(_ => true))).Message,
            StringComparison.Ordinal);
        using (no_grad()) model.Matrix.MultiplyBy(2);
        Assert.Contains("orthogonal_", Assert.Throws<ArgumentException>(() => model.Wrap(Recipe.RiemannianSam(IsMatrix))).Message,
            StringComparison.Ordinal);
        Assert.Contains("would leave it", Assert.Throws<ArgumentException>(() =>
            new Both().Wrap(Recipe.Sam() with { Geometry = Recipe.RiemannianSam(IsMatrix).Geometry })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Recipe.RiemannianSam(null!));
    }
}
