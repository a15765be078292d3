using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>What runs need to know of the kind of model that they train: how rows become ids, and how a model is made, measured and saved.</summary>
public interface IModelKit
{
    /// <summary>Number of weights.</summary>
    long ParameterCount { get; }

    /// <summary>The id that fills up short rows.</summary>
    int PadId { get; }

    /// <summary>The model with a checkpoint's weights, or the first ones of a run with these options.</summary>
    TrainedModel Create(TrainingOptions options, string? checkpoint = null);

    /// <summary>Writes what <see cref="Create"/> reads, in the type that is given or the weights' own: the whole model, or the adapters alone where
    /// they train and are not merged.</summary>
    void Save(TrainedModel model, string folder, ScalarType? type = null);

    /// <summary>Rows as ids, cut to the run's lengths.</summary>
    IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TaskExample> examples, TrainingOptions options);

    /// <summary>
    /// Makes what measures a model on the rows of one task or of several, by the names of <see cref="T5Task.Metrics"/> and <c>loss</c>.
    /// </summary>
    /// <param name="calibration">
    /// Other rows of the task, on which a temperature is fitted; models that know no probabilities of labels take none.
    /// </param>
    ModelEvaluator Evaluator(
        IReadOnlyList<(T5Task Task, IReadOnlyList<TaskExample> Examples)> parts, TrainingOptions options,
        IReadOnlyList<TaskExample>? calibration = null);

    /// <summary>Refuses a model that this machine cannot train.</summary>
    /// <exception cref="InsufficientMemoryException">There is not enough memory.</exception>
    void RequireMemory(string model, TrainingOptions options);
}

/// <summary>Measures a model on held-out rows.</summary>
/// <param name="model">The model.</param>
/// <param name="measuring">Told of each batch.</param>
public delegate HeldOutScores ModelEvaluator(TrainedModel model, Measuring measuring);

/// <summary>Finds the model of a request once its task's rows are known.</summary>
/// <param name="rows">All rows with labels that a model of the task must know.</param>
public delegate IModelKit KitFinder(IReadOnlyList<T5Task> tasks, IReadOnlyList<TaskExample> rows);
