using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>
/// The loss of a model over fixed data as a function of its weights, around the weights it has: L(w + d), its gradient and products with its Hessian.
/// While it is open, the model is in evaluation mode with frozen running statistics; disposing it returns the modules to their previous modes.
/// Weights are back at w, bit for bit, after every call, even if the loss throws; gradients are never touched.
/// </summary>
/// <remarks>
/// All trainable floating point parameters count, each once. Nothing else may change the weights while the surface is open. It keeps a copy of them.
/// Measure in float32: in half precision, rounding removes a displacement in many weights. Everything that is measured on a surface asks its
/// <see cref="CancellationToken"/> before each loss; a canceled measurement throws <see cref="OperationCanceledException"/> and leaves
/// nothing behind.
/// </remarks>
public sealed class LossSurface : IDisposable
{
    private readonly LossBatch[] _batches;
    private readonly MeasuredWeights _weights;
    private readonly EvaluationMode? _mode;
    private double? _finiteDifferenceStep;
    private double? _loss;

    /// <summary>The surface of one loss.</summary>
    /// <param name="model">The model; its weights are the point of interest.</param>
    /// <param name="loss">Computes the mean loss over fixed data, one element, and does not call <c>backward()</c>. Called many times.</param>
    /// <param name="rows">The number of rows of that data, which the measurements report. Default 0: not known.</param>
    /// <param name="include">Selects parameters by name. Default: all trainable ones.</param>
    /// <exception cref="ArgumentException">There is nothing to measure, or two parameters are the same weights.</exception>
    public LossSurface(nn.Module model, Func<Tensor> loss, long rows = 0, Func<string, bool>? include = null)
        : this(model, [new LossBatch(loss, rows)], include)
    {
    }

    /// <summary>The surface of the weighted mean of several losses, computed one after the other, so that only one has to fit in memory.</summary>
    /// <param name="model">The model; its weights are the point of interest.</param>
    /// <param name="batches">The parts of the data, at least one.</param>
    /// <param name="include">Selects parameters by name. Default: all trainable ones.</param>
    /// <exception cref="ArgumentException">There is nothing to measure, or two parameters are the same weights.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A batch has fewer than no rows, or a weight that is not above 0.</exception>
    public LossSurface(nn.Module model, IReadOnlyList<LossBatch> batches, Func<string, bool>? include = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        if (batches.Count == 0) throw new ArgumentException("There is no batch to measure the loss on.", nameof(batches));
        foreach (var batch in batches) Require(batch);
        _batches = [.. batches];

        _weights = new MeasuredWeights(model, include);
        _mode = new EvaluationMode(model);
    }

    private LossSurface(LossSurface whole, LossBatch batch)
    {
        _batches = [batch];
        _weights = whole._weights;
        (Products, _finiteDifferenceStep, Watch) = (whole.Products, whole._finiteDifferenceStep, whole.Watch);
    }

    /// <summary>The names of the measured parameters, in the order of every <see cref="WeightVector"/>.</summary>
    public IReadOnlyList<string> Names => _weights.Names;

    /// <summary>The number of weights.</summary>
    public long Dimension => _weights.Dimension;

    /// <summary>The rows of all batches; 0 if those of one are not known.</summary>
    public long Rows => _batches.All(batch => batch.Rows > 0) ? _batches.Sum(batch => batch.Rows) : 0;

    /// <summary>How products with the Hessian are computed. Default: exact where possible. Becomes
    /// <see cref="HessianVectorProduct.FiniteDifference"/> after a fallback.</summary>
    public HessianVectorProduct Products { get; set; }

    /// <summary>
    /// The distance between w and each of the two points of a finite difference. Default: 0.01 for float32 weights and below, as in DARTS
    /// (Liu, Simonyan, Yang, 2019), and 1e-4 if all are float64.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a positive number.</exception>
    public double FiniteDifferenceStep
    {
        get => _finiteDifferenceStep ?? (_weights.AreDouble ? 1e-4 : 1e-2);
        set => _finiteDifferenceStep = Check.Positive(value, nameof(FiniteDifferenceStep));
    }

    /// <summary>Cancels every measurement on this surface: it is asked before each loss. Default: none.</summary>
    public CancellationToken CancellationToken { get => Watch.Token; set => Watch.Token = value; }

    /// <summary>Hears how far each measurement on this surface has come; null (default) for nobody. Called on the measuring thread.</summary>
    public IProgress<MeasureProgress>? Progress { get => Watch.Listener; set => Watch.Listener = value; }

    /// <summary>L(w), computed once.</summary>
    /// <exception cref="InvalidOperationException">The loss is not a finite number.</exception>
    public double LossAtOrigin => Finite(_loss ??= Loss(null));

    /// <summary>L(w + displacement).</summary>
    /// <param name="displacement">Null for L(w).</param>
    /// <exception cref="ArgumentException">The displacement does not have the shapes of the weights.</exception>
    public double Loss(WeightVector? displacement)
    {
        return _weights.At(displacement, () =>
        {
            using var noGradient = no_grad();
            return Mean();
        });
    }

    /// <summary>The gradient of L at w + displacement, and L at that point.</summary>
    /// <param name="displacement">Null for the gradient at w.</param>
    /// <returns>The gradient is the caller's to dispose.</returns>
    /// <exception cref="InvalidOperationException">The loss does not depend on the weights, or its closure called <c>backward()</c>.</exception>
    public (double Loss, WeightVector Gradient) Gradient(WeightVector? displacement = null)
    {
        var result = _weights.At(displacement, () => Derivative(loss => Differentiation.Gradient(loss, _weights.Parameters)));
        if (displacement is null) _loss ??= result.Loss;
        return result;
    }

    /// <summary>H v, with H the Hessian of L at w.</summary>
    /// <returns>The result, which the caller disposes.</returns>
    /// <exception cref="NotSupportedException">The product must be exact, and some operator of the loss has no second derivative.</exception>
    /// <exception cref="InvalidOperationException">The loss does not depend on the weights, or its closure called <c>backward()</c>.</exception>
    public WeightVector HessianProduct(WeightVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        _weights.RequireFits(vector);
        if (Products == HessianVectorProduct.FiniteDifference) return DifferenceOfGradients(vector);
        try
        {
            return Derivative(loss => Differentiation.HessianProduct(loss, _weights.Parameters, [.. vector.Tensors])).Sum;
        }
        catch (NotSupportedException) when (Products == HessianVectorProduct.Automatic)
        {
            Products = HessianVectorProduct.FiniteDifference;
            return DifferenceOfGradients(vector);
        }
    }

    /// <summary>A copy of the weights.</summary>
    public WeightVector Weights() => new(_weights.Origin);

    /// <summary>A vector of zeros.</summary>
    public WeightVector Zero() =>
        WeightVector.Owning(Array.ConvertAll(_weights.Origin, tensor => zeros_like(tensor, dtype: WeightVector.PrecisionOf(tensor))));

    /// <summary>The surface of each batch by itself, at the same weights. They are disposed with this surface.</summary>
    public IReadOnlyList<LossSurface> Batches => _batches.Length == 1 ? [this] : Array.ConvertAll(_batches, batch => new LossSurface(this, batch));

    /// <summary>Who waits for the measurements.</summary>
    internal Watch Watch { get; } = new();

    /// <summary>The weight of these batches in a mean over more batches.</summary>
    internal double Share => _batches.Sum(batch => batch.Share);

    /// <summary>Returns the model's modules to their previous modes, and frees the copy of the weights.</summary>
    public void Dispose()
    {
        if (_mode is null) return;
        _mode.Dispose();
        _weights.Dispose();
    }

    private WeightVector DifferenceOfGradients(WeightVector vector)
    {
        var length = vector.Norm();
        if (length == 0) return Zero();
        var step = FiniteDifferenceStep / length;
        using var ahead = vector.Clone().Scale(step);
        using var there = Gradient(ahead).Gradient;
        var difference = Gradient(ahead.Scale(-1)).Gradient;
        return difference.Add(there, -1).Scale(-0.5 / step);
    }

    /// <summary>The weighted mean of a derivative over the batches, and of the loss.</summary>
    private (double Loss, WeightVector Sum) Derivative(Func<Tensor, Tensor[]> derive)
    {
        var sum = Zero();
        try
        {
            using var recording = enable_grad();
            return (Mean((loss, share) => sum.Add(derive(loss), share)), sum);
        }
        catch
        {
            sum.Dispose();
            throw;
        }
    }

    /// <summary>The weighted mean of the loss over the batches; each loss is passed on as it is computed.</summary>
    private double Mean(Action<Tensor, double>? visit = null)
    {
        var mean = 0.0;
        foreach (var batch in _batches)
        {
            Watch.Token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var share = batch.Share / Share;
            var loss = ClosureErrors.Explain(batch.Loss);
            ScalarLoss.Require(loss);
            visit?.Invoke(loss, share);
            mean += share * loss.detach().to(ScalarType.Float64).item<double>();
        }
        return mean;
    }

    private static double Finite(double loss) => double.IsFinite(loss)
        ? loss
        : throw new InvalidOperationException($"The loss at the model's weights is {loss}: there is no sharpness to measure.");

    private static void Require(LossBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch.Loss, nameof(batch));
        if (batch.Rows < 0) throw new ArgumentOutOfRangeException(nameof(batch), batch.Rows, "A batch cannot have fewer than no rows.");
        if (batch.Weight is { } weight) Check.Positive(weight, nameof(batch));
    }
}
