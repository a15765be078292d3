using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public sealed partial class Adafactor
{
    /// <summary>What Adafactor remembers of one parameter.</summary>
    public sealed class State : TensorState
    {
        private const int Row = 0, Column = 1, Square = 2, First = 3, Size = 4;

        internal State(Parameter parameter, int index) : base(parameter, index, tensors: 5)
        {
        }

        /// <summary>Average of the squared gradient's row means, the parameter's shape without its last dimension; null below two dimensions.</summary>
        public Tensor? ExpAvgSqRow => Tensors[Row];

        /// <summary>Average of the squared gradient's column means, the parameter's shape without its last but one dimension; null below two dimensions.</summary>
        public Tensor? ExpAvgSqCol => Tensors[Column];

        /// <summary>Average of the squared gradient below two dimensions, else null.</summary>
        public Tensor? ExpAvgSq => Tensors[Square];

        /// <summary>First moment, where beta1 asks for one.</summary>
        public Tensor? ExpAvg => Tensors[First];

        /// <summary>Root mean square of the parameter before its last update (no dimensions); kept where parameter scaling asks for it.</summary>
        public Tensor? Rms => Tensors[Size];

        internal override void Prepare(OptimizerOptions options)
        {
            var own = (Options)options;
            if (ExpAvgSq is null && ExpAvgSqRow is null) MakeSecondMoment(_parameter.shape);
            if (own.Beta1 > 0 && ExpAvg is null) Make(First, _parameter.shape);
            if (own.ScaleParameter == true) Make(Size, []);
        }

        private void MakeSecondMoment(long[] shape)
        {
            if (shape.Length < 2)
            {
                Make(Square, shape);
                return;
            }
            Make(Row, shape[..^1]);
            Make(Column, [.. shape[..^2], shape[^1]]);
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
