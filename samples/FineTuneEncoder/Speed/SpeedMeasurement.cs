using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SamSharp.Optimizers;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.FineTuneT5.Setup;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace SamSharp.Samples.FineTuneEncoder.Speed;

/// <summary>Times steps of a packaged model: all layers train, the embeddings are frozen, all rows have the same length.</summary>
/// <param name="packaged">The model.</param>
/// <param name="batch">Rows a step.</param>
/// <param name="steps">Steps whose median counts.</param>
public sealed class SpeedMeasurement(PackagedModel packaged, int batch, int steps)
{
    private const int WarmUp = 2;
    private const int FirstId = 1_000, LastId = 29_000;

    private CancellationToken _cancellation;

    private static readonly NumberTypes[] Types = [NumberTypes.Full, NumberTypes.Mixed];

    /// <summary>A line for each type of numbers, and one for onnxruntime.</summary>
    public IEnumerable<string[]> At(int length, int threads, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            string[] Line(string what, params double?[] rates) =>
            [
                $"{threads}", $"{length}", what,
                .. rates.Select(rate => rate?.ToString(rate < 10 ? "F1" : "F0", CultureInfo.InvariantCulture) ?? ""),
            ];
            foreach (var types in Types)
            {
                var (forward, plain) = (Forward(length, types), Step(length, types, RecipeOf(0)));
                var (whole, quarter) = (Step(length, types, RecipeOf(0.05)), Step(length, types, RecipeOf(0.05), ascentPart: 4));
                yield return Line(types.Name, forward, plain, whole, quarter);
            }
            yield return Line("onnxruntime", OnnxForward(length, threads), null, null, null);
        }
        finally
        {
            set_num_threads(before);
        }
    }

    /// <summary>The lines as a table.</summary>
    public ReportTable Table(IReadOnlyList<string[]> rows) => new(
        packaged.Title, 3, ["threads", "ids", "numbers", "forward", "plain step", "SAM step", "SAM, 1/4 ascent"], rows,
        $"Rows a second, median of {steps} steps of {batch} rows; FusedAdamW underneath, embeddings frozen");

    private static SharpnessAwareOptions RecipeOf(double rho) => Recipe.Sam(rho);

    private double Step(int length, NumberTypes types, SharpnessAwareOptions recipe, int ascentPart = 1)
    {
        using var scope = NewDisposeScope();
        using var model = Model(types);
        model.Freeze(0);
        model.train();
        using var optimizer = new FusedAdamW(model.parameters().Where(parameter => parameter.requires_grad), 1e-5).WithSharpnessAwareness(recipe);
        var (ids, mask) = Inputs(length);
        var labels = zeros(batch, 1, int64);
        Tensor Backward(long rows)
        {
            var loss = model.Loss(ids.narrow(0, 0, rows), mask.narrow(0, 0, rows), labels.narrow(0, 0, rows));
            loss.backward();
            return loss;
        }
        return Rate(() =>
        {
            using var step = NewDisposeScope();
            optimizer.Step(() => Backward(batch), ascent: () => Backward(Math.Max(1, batch / ascentPart)));
        });
    }

    private double Forward(int length, NumberTypes types)
    {
        using var scope = NewDisposeScope();
        using var model = Model(types);
        using var gradientFree = no_grad();
        var (ids, mask) = Inputs(length);
        return Rate(() => model.Encode(ids, mask).Dispose());
    }

    private double OnnxForward(int length, int threads)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 };
        using var session = new InferenceSession(packaged.ReadModel(), options);
        NamedOnnxValue Input(string name, Func<int, long> value) => NamedOnnxValue.CreateFromTensor(name,
            new DenseTensor<long>(Enumerable.Range(0, batch * length).Select(value).ToArray(), [batch, length]));
        NamedOnnxValue[] inputs = [Input("input_ids", Id), Input("attention_mask", _ => 1), Input("token_type_ids", _ => 0)];
        return Rate(() => session.Run(inputs).Dispose());
    }

    private EncoderModel Model(NumberTypes types)
    {
        var model = EncoderSource.Open(packaged.Name).Create(["no", "yes"], seed: 1, type: types.Weights);
        model.ComputeType = types.Activations;
        return model;
    }

    private (Tensor Ids, Tensor Mask) Inputs(int length) => (
        tensor(Enumerable.Range(0, batch * length).Select(Id).ToArray(), [batch, length]), ones(batch, length, int64));

    private static long Id(int place) => FirstId + (place * 7_919L % (LastId - FirstId));

    private double Rate(Action step)
    {
        var seconds = new List<double>();
        for (var i = 0; i < WarmUp + steps; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            var clock = Stopwatch.StartNew();
            step();
            if (i >= WarmUp)
                seconds.Add(clock.Elapsed.TotalSeconds);
        }
        return batch / seconds.Order().ElementAt(seconds.Count / 2);
    }
}
