using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Evaluates the step's closure at other points.</summary>
internal interface IFurtherPasses
{
    FurtherPass At(double reach);

    FurtherPass AtDraw(int draw);

    FurtherPass AtPoint(Action<IReadOnlyList<TensorList>> move, Func<Tensor>? closure);
}
