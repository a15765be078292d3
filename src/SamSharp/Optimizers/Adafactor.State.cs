using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public sealed partial class Adafactor
{
    /// <summary>What Adafactor remembers of one parameter. The tensors are float32, or float64 for a float64 parameter.</summary>
    public sealed class State : OptimizerState, IDisposable
    {
        private readonly int _index;

        internal State(Parameter parameter, int index) : base(parameter) => _index = index;

        /// <summary>Steps taken with a gradient.</summary>
        public long Step { get; internal set; }

        /// <summary>Average of the squared gradient's row means, the parameter's shape without its last dimension; null below two dimensions.</summary>
        public Tensor? ExpAvgSqRow { get; private set; }

        /// <summary>Average of the squared gradient's column means, the parameter's shape without its last but one dimension; null below two dimensions.</summary>
        public Tensor? ExpAvgSqCol { get; private set; }

        /// <summary>Average of the squared gradient below two dimensions, else null.</summary>
        public Tensor? ExpAvgSq { get; private set; }

        /// <summary>First moment, where beta1 asks for one.</summary>
        public Tensor? ExpAvg { get; private set; }

        /// <summary>Root mean square of the parameter before its last update (no dimensions); kept where parameter scaling asks for it.</summary>
        public Tensor? Rms { get; private set; }

        private ScalarType Precision => _parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

        /// <inheritdoc/>
        public override void Initialize(OptimizerOptions options)
        {
            Dispose();
            (Step, ExpAvgSqRow, ExpAvgSqCol, ExpAvgSq, ExpAvg, Rms) = (0, null, null, null, null, null);
            var shape = _parameter.shape;
            if (shape.Length >= 2)
            {
                ExpAvgSqRow = Zeros(shape[..^1]);
                ExpAvgSqCol = Zeros([.. shape[..^2], shape[^1]]);
            }
            else
            {
                ExpAvgSq = Zeros(shape);
            }
            Prepare((Options)options);
        }

        /// <summary>Makes what the options, which may have changed since the last step, ask for.</summary>
        internal void Prepare(Options options)
        {
            if (options.Beta1 > 0) ExpAvg ??= Zeros(_parameter.shape);
            if (options.ScaleParameter == true) Rms ??= Zeros([]);
        }

        private Tensor Zeros(long[] shape) => zeros(shape, Precision, _parameter.device).DetachFromDisposeScope();

        /// <inheritdoc/>
        public override void to(Device device)
        {
            (ExpAvgSqRow, ExpAvgSqCol, ExpAvgSq) = (Move(ExpAvgSqRow), Move(ExpAvgSqCol), Move(ExpAvgSq));
            (ExpAvg, Rms) = (Move(ExpAvg), Move(Rms));

            Tensor? Move(Tensor? tensor) => tensor?.to(device, disposeAfter: true).DetachFromDisposeScope();
        }

        /// <inheritdoc/>
        public override void SaveStateDict(BinaryWriter writer)
        {
            writer.Write(Step);
            writer.Write(_parameter.shape.Length);
            foreach (var size in _parameter.shape) writer.Write(size);
            foreach (var tensor in Tensors) SaveConditionalStateTensor(writer, tensor);
        }

        /// <inheritdoc/>
        /// <exception cref="InvalidDataException">The data belong to a parameter of another shape or type; this state is unchanged.</exception>
        public override void LoadStateDict(BinaryReader reader)
        {
            var step = reader.ReadInt64();
            var shape = new long[Math.Clamp(reader.ReadInt32(), 0, 64)];
            for (var i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
            if (!shape.SequenceEqual(_parameter.shape))
                throw new InvalidDataException($"Parameter {_index} has shape [{string.Join(", ", _parameter.shape)}], its saved state is for [{string.Join(", ", shape)}].");

            using var scope = NewDisposeScope();
            var loaded = new Tensor?[Tensors.Length];
            for (var i = 0; i < loaded.Length; i++)
            {
                LoadConditionalStateTensor(reader, ref loaded[i], _parameter.device);
                if (loaded[i] is { } tensor && tensor.dtype != Precision)
                    throw new InvalidDataException($"Parameter {_index} is of type {_parameter.dtype} and keeps its state in {Precision}; the saved state is {tensor.dtype}.");
            }
            Take(step, loaded);
        }

        /// <inheritdoc/>
        /// <exception cref="ArgumentException">The state is another optimizer's, or of a parameter of another shape.</exception>
        public override void LoadStateDict(OptimizerState source)
        {
            if (source is not State state) throw new ArgumentException($"The state of parameter {_index} is {source?.GetType()}; Adafactor needs Adafactor.State.");
            if (!state._parameter.shape.SequenceEqual(_parameter.shape))
                throw new ArgumentException($"Parameter {_index} has shape [{string.Join(", ", _parameter.shape)}], the given state is for [{string.Join(", ", state._parameter.shape)}].");

            using var scope = NewDisposeScope();
            Take(state.Step, [.. state.Tensors.Select(tensor => tensor?.to(Precision, _parameter.device, copy: true))]);
        }

        private void Take(long step, Tensor?[] tensors)
        {
            Dispose();
            foreach (var tensor in tensors) tensor?.DetachFromDisposeScope();
            Step = step;
            (ExpAvgSqRow, ExpAvgSqCol, ExpAvgSq) = (tensors[0], tensors[1], tensors[2]);
            (ExpAvg, Rms) = (tensors[3], tensors[4]);
        }

        /// <inheritdoc/>
        public override bool ApproximatelyEquals(OptimizerState other) => other is State state && Step == state.Step
            && Tensors.Zip(state.Tensors).All(pair => pair is (null, null) || (pair is ({ } mine, { } theirs) && mine.allclose(theirs)));

        private Tensor?[] Tensors => [ExpAvgSqRow, ExpAvgSqCol, ExpAvgSq, ExpAvg, Rms];

        /// <summary>Frees the tensors.</summary>
        public void Dispose()
        {
            foreach (var tensor in Tensors) tensor?.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var (_, state) in _state) ((State)state).Dispose();
        }
        base.Dispose(disposing);
    }
}
