using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>The parameters that a surface displaces, and a copy of them to restore.</summary>
internal sealed class MeasuredWeights : IDisposable
{
    /// <exception cref="ArgumentException">There is no parameter, or two are the same weights.</exception>
    public MeasuredWeights(nn.Module model, Func<string, bool>? include)
    {
        var measured = model.named_parameters()
            .Where(p => p.parameter.requires_grad && p.parameter.is_floating_point() && (include?.Invoke(p.name) ?? true))
            .DistinctBy(p => p.parameter.Handle).ToArray();
        if (measured.Length == 0)
            throw new ArgumentException("The model has no trainable floating point parameter to displace, or include leaves none.", nameof(model));
        RequireDistinct(measured);
        Names = Array.ConvertAll(measured, p => p.name);
        Parameters = Array.ConvertAll(measured, p => p.parameter);

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Origin = Array.ConvertAll(Parameters, p => p.detach().clone().DetachFromDisposeScope());
    }

    public IReadOnlyList<string> Names { get; }

    public Parameter[] Parameters { get; }

    /// <summary>The original weights.</summary>
    public Tensor[] Origin { get; }

    public long Dimension => Parameters.Sum(p => p.NumberOfElements);

    public bool AreDouble => Array.TrueForAll(Origin, tensor => tensor.dtype == ScalarType.Float64);

    /// <summary>Calls a function at w + displacement, and puts the weights back bit for bit, whatever happens.</summary>
    public T At<T>(WeightVector? displacement, Func<T> look)
    {
        if (displacement is null) return Look(look);
        RequireFits(displacement);
        try
        {
            Write((weight, i) => weight.copy_(Origin[i].Plus(displacement.Tensors[i])));
            return Look(look);
        }
        finally
        {
            Write((weight, i) => Restoration.PutBack(weight, Origin[i]));
            Autocast.DropCopies();
        }
    }

    /// <exception cref="ArgumentException">The vector belongs to other weights.</exception>
    public void RequireFits(WeightVector vector)
    {
        if (vector.Tensors.Count != Parameters.Length)
            throw new ArgumentException($"The vector has {vector.Tensors.Count} tensors, but {Parameters.Length} parameters are measured.");
        for (var i = 0; i < Parameters.Length; i++)
        {
            if (!vector.Tensors[i].shape.AsSpan().SequenceEqual(Parameters[i].shape))
                throw new ArgumentException($"Tensor {i} of the vector has shape [{string.Join(", ", vector.Tensors[i].shape)}], " +
                    $"but {Names[i]} has [{string.Join(", ", Parameters[i].shape)}].");
        }
    }

    public void Dispose()
    {
        foreach (var tensor in Origin) tensor.Dispose();
    }

    /// <summary>A look with gradients cannot use copies of weights that one without has left, and the other way round.</summary>
    private static T Look<T>(Func<T> look)
    {
        Autocast.DropCopies();
        return Autocast.Call(look);
    }

    private void Write([InDisposeScope] Action<Tensor, int> write)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < Parameters.Length; i++)
        {
            using var scope = NewDisposeScope();
            write(Parameters[i], i);
        }
    }

    private static void RequireDistinct(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        var tied = parameters.Where(p => p.Parameter.NumberOfElements > 0)
            .GroupBy(p => (p.Parameter.device.ToString(), SharedStorage.Address(p.Parameter))).FirstOrDefault(same => same.Count() > 1);
        if (tied is not null)
            throw new ArgumentException($"The parameters {string.Join(" and ", tied.Select(p => p.Name))} are the same weights, " +
                "which would count twice. " +
                "Tie weights by using one Parameter in both places.");
    }
}
