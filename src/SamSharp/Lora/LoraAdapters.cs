using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The low-rank additions to the linear layers of a model, which train in place of its weights. The optimizer takes <see cref="Parameters"/>:
/// <c>new FusedAdamW(adapters.Parameters(), lr).WithSharpnessAwareness(rho: 0.05)</c>.
/// </summary>
public sealed class LoraAdapters
{
    /// <summary>What Hugging Face's PEFT writes before the names of a model's modules.</summary>
    private const string Prefix = "base_model.model.";

    private readonly nn.Module? _trained;

    private LoraAdapters(nn.Module model, IReadOnlyDictionary<string, LoraLinear> layers, nn.Module? trained) =>
        (Model, Layers, _trained) = (model, layers, trained);

    /// <summary>The model.</summary>
    public nn.Module Model { get; }

    /// <summary>The additions, by the path of their layer in the model.</summary>
    public IReadOnlyDictionary<string, LoraLinear> Layers { get; }

    /// <summary>Whether the additions are in the layers' weights.</summary>
    public bool IsMerged => Layers.Values.All(layer => layer.IsMerged);

    /// <summary>Adds to all layers of the given names, and freezes everything else.</summary>
    /// <param name="model">The model, on its device. Its own weights are frozen from now on.</param>
    /// <param name="names">Names of layers: <c>q</c> and <c>v</c> for T5's queries and values. A name is the whole path of a layer, or
    /// the end of it after a dot.</param>
    /// <param name="rank">The rank, at least 1. Default 8.</param>
    /// <param name="alpha">The scale is alpha / rank. Default 16.</param>
    /// <param name="dropout">The part of each layer's input that is dropped in training, in [0, 1). Default 0.</param>
    /// <param name="generator">Draws the first factors; null for the default generator. The additions begin at 0.</param>
    /// <param name="trained">A part of the model that goes on training whole, a fresh classifier for instance; it has no additions. Null for
    /// none.</param>
    /// <exception cref="ArgumentException">A name has no layer, or a layer has no weight of two dimensions, or an addition already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static LoraAdapters Inject(nn.Module model, IEnumerable<string> names, int rank = 8, double alpha = 16, double dropout = 0,
        Generator? generator = null, nn.Module? trained = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(names);
        string[] wanted = [.. names];
        var layers = LayersOf(model).ToArray();
        if (wanted.FirstOrDefault(name => !layers.Any(layer => IsNamed(layer.Path, name))) is { } missing)
        {
            var possible = layers.Where(layer => LoraLinear.Objection(layer.Layer) is null).Select(layer => LastOf(layer.Path)).Distinct();
            throw new ArgumentException($"The model has no layer '{missing}'. It has: {string.Join(", ", possible)}.", nameof(names));
        }
        return Inject(model, (path, _) => wanted.Any(name => IsNamed(path, name)), rank, alpha, dropout, generator, trained);
    }

    /// <summary>Adds to all layers that a function chooses, by path or type: <c>(_, layer) => layer is Linear</c>.</summary>
    /// <param name="model">The model, on its device. Its own weights are frozen from now on.</param>
    /// <param name="chooses">Chooses among all modules that map a tensor to a tensor.</param>
    /// <param name="rank">The rank, at least 1. Default 8.</param>
    /// <param name="alpha">The scale is alpha / rank. Default 16.</param>
    /// <param name="dropout">The part of each layer's input that is dropped in training, in [0, 1). Default 0.</param>
    /// <param name="generator">Draws the first factors; null for the default generator. The additions begin at 0.</param>
    /// <param name="trained">A part of the model that goes on training whole, a fresh classifier for instance; it has no additions. Null for
    /// none.</param>
    /// <exception cref="ArgumentException">No layer is chosen, or one has no weight of two dimensions, or an addition already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static LoraAdapters Inject(nn.Module model, Func<string, nn.Module<Tensor, Tensor>, bool> chooses, int rank = 8, double alpha = 16,
        double dropout = 0, Generator? generator = null, nn.Module? trained = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(chooses);
        (_, _, _) = (Check.Positive(rank), Check.Positive(alpha), Check.Share(dropout));
        var own = trained?.parameters().Select(parameter => parameter.Handle).ToHashSet() ?? [];
        var chosen = LayersOf(model).Where(layer => chooses(layer.Path, layer.Layer))
            .Where(layer => !layer.Layer.parameters().Any(parameter => own.Contains(parameter.Handle))).ToArray();
        if (chosen.Length == 0) throw new ArgumentException("No layer of the model is chosen.", nameof(chooses));
        foreach (var (path, layer) in chosen)
        {
            if (LoraLinear.Objection(layer) is { } objection) throw new ArgumentException($"Layer '{path}': {objection}.", nameof(chooses));
        }
        foreach (var parameter in model.parameters().Where(parameter => !own.Contains(parameter.Handle))) parameter.requires_grad = false;
        return new(model, chosen.ToDictionary(layer => layer.Path,
            layer => new LoraLinear(layer.Layer, rank, alpha, dropout, generator)), trained);
    }

    /// <summary>What trains: the two factors of each layer, and the part that trains whole.</summary>
    public IEnumerable<Parameter> Parameters() =>
        Layers.Values.SelectMany(layer => new[] { layer.A, layer.B }).Concat(_trained?.parameters() ?? []);

    /// <summary>Adds the additions to the layers' weights, for inference without them; <see cref="Unmerge"/> takes them back out.</summary>
    /// <exception cref="ObjectDisposedException">The model, or one of its layers, has been disposed; no layer has changed.</exception>
    public void Merge()
    {
        RequireAlive();
        foreach (var layer in Layers.Values) layer.Merge();
    }

    /// <summary>Puts all weights back bit for bit.</summary>
    /// <exception cref="ObjectDisposedException">The model, or one of its layers, has been disposed; no layer has changed.</exception>
    public void Unmerge()
    {
        RequireAlive();
        foreach (var layer in Layers.Values) layer.Unmerge();
    }

    /// <summary>Adds a second pair of factors to each layer, whose product joins the first in training mode and begins at 0, for
    /// <see cref="OptimizerExtensions.BiLoraStep"/>. A layer that has one keeps it.</summary>
    /// <param name="generator">Draws the first factors; null for the default generator.</param>
    public void AddSecondPairs(Generator? generator = null)
    {
        foreach (var layer in Layers.Values) layer.AddSecond(generator);
    }

    /// <summary>Ends the work of the second pairs, which belong to training alone.</summary>
    public void DropSecondPairs()
    {
        foreach (var layer in Layers.Values) layer.DropSecond();
    }

    /// <summary>What trains, without history, under the names that Hugging Face's PEFT gives it in its files:
    /// <c>base_model.model.encoder.block.0.layer.0.SelfAttention.q.lora_A.weight</c>. The tensors are the parameters' own memory; dispose
    /// them.</summary>
    /// <exception cref="ObjectDisposedException">The model, or one of its layers, has been disposed.</exception>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        RequireAlive();
        return Named().ToDictionary(item => item.Name, item => item.Parameter.detach());
    }

    /// <summary>Copies saved values into the parameters; nothing changes unless all names and shapes match.</summary>
    /// <param name="state">Tensors of any type and device, under the names of <see cref="State"/>.</param>
    /// <exception cref="ArgumentException">A tensor is missing or has another shape, or does not belong to these adapters.</exception>
    /// <exception cref="ObjectDisposedException">The model, or one of its layers, has been disposed.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        RequireAlive();
        var named = Named().ToArray();
        if (named.FirstOrDefault(item => !state.ContainsKey(item.Name)).Name is { } missing)
            throw new ArgumentException($"The state has no '{missing}'.", nameof(state));
        if (state.Keys.Except(named.Select(item => item.Name)).FirstOrDefault() is { } other)
            throw new ArgumentException($"The state has '{other}', which these adapters do not have.", nameof(state));
        foreach (var (name, parameter) in named)
        {
            if (ParameterCheck.Objection(state[name]) is { } objection) throw new ArgumentException($"'{name}' {objection}", nameof(state));
            if (!parameter.shape.SequenceEqual(state[name].shape))
                throw new ArgumentException($"'{name}' has shape [{string.Join(", ", state[name].shape)}] instead of " +
                    $"[{string.Join(", ", parameter.shape)}].", nameof(state));
        }
        using var noGradient = no_grad();
        foreach (var (name, parameter) in named) parameter.copy_(state[name]);
    }

    private void RequireAlive()
    {
        foreach (var layer in Layers.Values) layer.RequireAlive();
    }

    private IEnumerable<(string Name, Parameter Parameter)> Named()
    {
        foreach (var (path, layer) in Layers)
        {
            var start = Prefix + (path.Length > 0 ? path + "." : "");
            yield return ($"{start}{LoraLinear.NameOfA}.weight", layer.A);
            yield return ($"{start}{LoraLinear.NameOfB}.weight", layer.B);
            if (layer.Second is not { } second) continue;
            yield return ($"{start}{LoraLinear.NameOfSecondA}.weight", second.A.Weight);
            yield return ($"{start}{LoraLinear.NameOfSecondB}.weight", second.B.Weight);
        }
        var own = _trained?.parameters().Select(parameter => parameter.Handle).ToHashSet() ?? [];
        foreach (var (name, parameter) in Model.named_parameters())
        {
            if (own.Contains(parameter.Handle)) yield return (Prefix + name, parameter);
        }
    }

    private static IEnumerable<(string Path, nn.Module<Tensor, Tensor> Layer)> LayersOf(nn.Module model) =>
        model.named_modules().Prepend((name: "", module: model)).Where(item => item.module is nn.Module<Tensor, Tensor> and not LoraFactor)
            .Select(item => (item.name, (nn.Module<Tensor, Tensor>)item.module)).DistinctBy(item => item.Item2);

    private static bool IsNamed(string path, string name) => path == name || path.EndsWith("." + name, StringComparison.Ordinal);

    private static string LastOf(string path) => path[(path.LastIndexOf('.') + 1)..];
}
