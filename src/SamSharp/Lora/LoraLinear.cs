using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The low-rank addition to one linear layer (LoRA: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022): the layer's output
/// becomes x W^T + (alpha / rank) dropout(x) A^T B^T, where W is frozen, and A and B are trained.
/// </summary>
/// <remarks>
/// It acts through a forward hook of the layer, so that it works on any module that maps a tensor to a tensor by its parameter <c>weight</c>: on
/// TorchSharp's <c>Linear</c>, and on a class of your own, whatever field holds it, as long as it is called through <c>call</c>. A and B are
/// registered in the layer as <c>lora_A.weight</c> and <c>lora_B.weight</c>; they move and are saved with the model, which owns them.
/// </remarks>
public sealed class LoraLinear
{
    internal const string NameOfA = "lora_A", NameOfB = "lora_B", NameOfSecondA = "lora_second_A", NameOfSecondB = "lora_second_B";

    private readonly LoraFactor _a, _b;
    private (LoraFactor A, LoraFactor B)? _second; // also once it is dropped, since a module stays registered
    private Tensor? _kept; // the weight as it was before it was merged

    /// <summary>Adds to one layer, and freezes the layer's own parameters.</summary>
    /// <param name="layer">The layer: its parameter <c>weight</c> is [outputs, inputs].</param>
    /// <param name="rank">The rank, at least 1. Default 8.</param>
    /// <param name="alpha">The scale is alpha / rank. Default 16.</param>
    /// <param name="dropout">The part of the input that is dropped while the layer is in training mode, in [0, 1). Default 0.</param>
    /// <param name="generator">Draws A, whose entries are uniform within 1 / sqrt(inputs); null for the default generator. B is 0.</param>
    /// <exception cref="ArgumentException">The layer has no such weight, or an addition already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public LoraLinear(nn.Module<Tensor, Tensor> layer, int rank = 8, double alpha = 16, double dropout = 0, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(layer);
        (Rank, Alpha, Dropout) = (Check.Positive(rank), Check.Positive(alpha), Check.Share(dropout));
        if (Objection(layer) is { } objection) throw new ArgumentException($"A low-rank addition cannot be made: {objection}.", nameof(layer));
        Layer = layer;
        (_a, _b) = LoraFactor.Pair(Weight, rank, generator);
        foreach (var parameter in layer.parameters()) parameter.requires_grad = false;
        layer.register_module(NameOfA, _a);
        layer.register_module(NameOfB, _b);
        layer.register_forward_hook((_, input, output) => Add(input, output));
    }

    /// <summary>The layer.</summary>
    public nn.Module<Tensor, Tensor> Layer { get; }

    /// <summary>The number of rows of A, and of columns of B.</summary>
    public int Rank { get; }

    /// <summary>The numerator of the scale.</summary>
    public double Alpha { get; }

    /// <summary>The part of the input that is dropped in training.</summary>
    public double Dropout { get; }

    /// <summary>The inner factor, [rank, inputs].</summary>
    public Parameter A => _a.Weight;

    /// <summary>The outer factor, [outputs, rank].</summary>
    public Parameter B => _b.Weight;

    /// <summary>The layer's weight, [outputs, inputs].</summary>
    public Parameter Weight => WeightOf(Layer)!;

    /// <summary>Whether the layer's weight includes the addition.</summary>
    public bool IsMerged => _kept is not null;

    internal double Scale => Alpha / Rank;

    /// <summary>Another addition to the layer's output, computed from its input; null for none.</summary>
    internal Func<Tensor, Tensor>? Other { get; set; }

    /// <summary>A second pair, whose product is added to the weight in training mode; null for none.</summary>
    internal (LoraFactor A, LoraFactor B)? Second { get; private set; }

    /// <summary>Adds a second pair, whose B is 0. Does nothing if there is one.</summary>
    internal void AddSecond(Generator? generator)
    {
        if (Second is not null) return;
        var (a, b) = LoraFactor.Pair(Weight, Rank, generator);
        if (_second is { } old)
        {
            using var noGradient = no_grad();
            old.A.Weight.copy_(a.Weight);
            old.B.Weight.copy_(b.Weight);
            (old.A.Weight.requires_grad, old.B.Weight.requires_grad) = (true, true);
            a.Dispose();
            b.Dispose();
        }
        else
        {
            Layer.register_module(NameOfSecondA, a);
            Layer.register_module(NameOfSecondB, b);
            _second = (a, b);
        }
        Second = _second;
    }

    /// <summary>Ends the work of the second pair.</summary>
    internal void DropSecond()
    {
        if (Second is { } pair) (pair.A.Weight.requires_grad, pair.B.Weight.requires_grad) = (false, false);
        Second = null;
    }

    /// <summary>(alpha / rank) B A, [outputs, inputs], without history; the caller disposes it.</summary>
    public Tensor Addition()
    {
        using var noGradient = no_grad();
        return B.mm(A).MultiplyBy(Scale);
    }

    /// <summary>Adds the addition to the layer's weight, which then works alone. The old weight is kept, at the cost of a copy. Does nothing
    /// if that was done already.</summary>
    /// <exception cref="ObjectDisposedException">The layer has been disposed.</exception>
    public void Merge()
    {
        RequireAlive();
        if (IsMerged) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var sum = Addition().IncreaseBy(Weight); // in the wider type
        _kept = Weight.detach().clone().DetachFromDisposeScope();
        Weight.copy_(sum);
        Autocast.DropCopies();
    }

    /// <summary>Puts the layer's weight back, bit for bit. Does nothing if it is not merged.</summary>
    /// <exception cref="ObjectDisposedException">The layer has been disposed.</exception>
    public void Unmerge()
    {
        RequireAlive();
        if (_kept is null) return;
        using var noGradient = no_grad();
        Weight.copy_(_kept);
        _kept.Dispose();
        _kept = null;
        Autocast.DropCopies();
    }

    /// <summary>A disposed module has no parameters left; its factors say so themselves.</summary>
    internal void RequireAlive() => ObjectDisposedException.ThrowIf(WeightOf(Layer) is not { IsInvalid: false } || A.IsInvalid, Layer);

    /// <summary>Why a layer cannot have an addition; null if it can.</summary>
    internal static string? Objection(nn.Module<Tensor, Tensor> layer) =>
        WeightOf(layer) is null ? $"a {layer.GetName()} has no parameter 'weight' of two dimensions"
        : layer.named_children().Any(child => child.name == NameOfA) ? $"this {layer.GetName()} has one already"
        : null;

    private static Parameter? WeightOf(nn.Module layer) =>
        layer.named_parameters(recurse: false).FirstOrDefault(item => item.name == "weight" && item.parameter.dim() == 2).parameter;

    private Tensor Add(Tensor input, Tensor output)
    {
        if (IsMerged) return output;
        using var scope = NewDisposeScope();
        var kept = Dropout > 0 && Layer.training ? nn.functional.dropout(input, Dropout, training: true) : input;
        output.IncreaseBy(_b.forward(_a.forward(kept)).to(output.dtype), Scale); // nothing else has seen the output yet
        if (Second is { } pair && Layer.training) output.IncreaseBy(pair.B.forward(pair.A.forward(input)).to(output.dtype));
        if (Other is not null) output.IncreaseBy(Other(input).to(output.dtype));
        return output;
    }
}
