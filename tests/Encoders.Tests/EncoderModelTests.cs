using System.Text;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Tests;

[TensorScope]
public class EncoderModelTests
{
    private static readonly string[] Labels = ["no", "perhaps", "yes"];

    private static readonly WordPieceTokenizer Tokenizer =
        new(Encoding.UTF8.GetBytes("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n"), lowerCase: true, "test");

    private static readonly BertConfig Shape = new()
    {
        VocabularySize = 8,
        Width = 12,
        Layers = 3,
        Heads = 3,
        InnerWidth = 20,
        Positions = 10,
    };

    private readonly Tensor _ids = tensor(new long[,] { { 2, 5, 6, 3, 0, 0 }, { 2, 7, 3, 5, 5, 3 } });
    private readonly Tensor _mask = tensor(new long[,] { { 1, 1, 1, 1, 0, 0 }, { 1, 1, 1, 1, 1, 1 } });
    private readonly Tensor _labels = tensor(new long[,] { { 0 }, { 2 } });

    [Fact]
    public void A_saved_model_is_the_same_when_it_is_loaded()
    {
        using var folder = new TemporaryFolder();
        using var model = Model();
        model.eval();
        EncoderFiles.Save(model, Tokenizer, Labels, folder.Path);
        var source = EncoderSource.Open(folder.Path);
        Assert.Equal(Shape, source.Config);
        Assert.Equal(Labels, source.Labels);
        Assert.Equal([2, 5, 7, 3], source.Tokenizer.Encode("a C", null, 8));
        using var loaded = source.Create(Labels, seed: 5);
        Assert.Equal(model.Classify(_ids, _mask).data<float>().ToArray(), loaded.Classify(_ids, _mask).data<float>().ToArray());
        Assert.Equal(Shape.ParameterCount + ((Shape.Width + 1) * 3), loaded.parameters().Sum(parameter => parameter.NumberOfElements));
    }

    /// <summary>Labels -100 do not count, and a label's loss counts at most the ceiling, in training alone.</summary>
    [Fact]
    public void A_loss_ceiling_acts_in_training_alone()
    {
        using var model = Model();
        model.TrainingDropout = 0;
        model.eval();
        using var labels = tensor(new long[,] { { 1 }, { -100 } });
        double Loss(Tensor of) => model.Loss(_ids, _mask, of).ReadDouble();
        var (first, both) = (Loss(labels), Loss(tensor(new long[,] { { 1 }, { 2 } })));
        var second = (2 * both) - first;
        var (low, high) = (Math.Min(first, second), Math.Max(first, second));
        Assert.True(high - low > 1e-3);
        model.LossCeiling = (low + high) / 2;
        Assert.Equal(both, Loss(tensor(new long[,] { { 1 }, { 2 } })), 6);
        model.train();
        Assert.Equal((low + ((low + high) / 2)) / 2, Loss(tensor(new long[,] { { 1 }, { 2 } })), 5);
        Assert.Equal(Math.Min(first, (low + high) / 2), Loss(labels), 5);
    }

    [Fact]
    public void Other_labels_get_a_fresh_classifier_on_the_same_encoder()
    {
        using var folder = new TemporaryFolder();
        using var model = Model();
        model.eval();
        EncoderFiles.Save(model, Tokenizer, Labels, folder.Path);
        var source = new FolderSource(folder.Path);
        using var one = source.Create(["no", "yes"], seed: 5);
        using var again = source.Create(["no", "yes"], seed: 5);
        using var other = source.Create(["no", "yes"], seed: 6);
        Assert.Equal(2, one.Classes);
        Assert.Equal(model.Encode(_ids, _mask).data<float>().ToArray(), one.Encode(_ids, _mask).data<float>().ToArray());
        Assert.Equal(Head(one), Head(again));
        Assert.NotEqual(Head(one), Head(other));
    }

    /// <summary>As a model of Hugging Face's has it that was made from TensorFlow's BERT and has a head of its own.</summary>
    [Fact]
    public void Names_with_a_prefix_and_of_old_norms_are_found()
    {
        using var folder = new TemporaryFolder();
        using var model = Model();
        model.eval();
        EncoderFiles.Save(model, Tokenizer, [], folder.Path);
        SafetensorsFile.Save(Path.Combine(folder.Path, SafetensorsFolder.SingleFile), model.named_parameters().Select(item => (
            "bert." + item.name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal), (Tensor)item.parameter)));
        using var loaded = new FolderSource(folder.Path).Create();
        Assert.Equal(model.Encode(_ids, _mask).data<float>().ToArray(), loaded.Encode(_ids, _mask).data<float>().ToArray());
        Assert.Contains("no classifier",
            Assert.Throws<InvalidOperationException>(() => loaded.Classify(_ids, _mask)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_another_shape_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        using var model = Model();
        EncoderFiles.Save(model, Tokenizer, [], folder.Path);
        var path = Path.Combine(folder.Path, "config.json");
        var config = File.ReadAllText(path);
        File.WriteAllText(path, config.Replace("\"intermediate_size\": 20", "\"intermediate_size\": 24", StringComparison.Ordinal));
        Assert.Contains("intermediate.dense.weight is [20, 12]",
            Assert.Throws<InvalidDataException>(() => new FolderSource(folder.Path).Create()).Message, StringComparison.Ordinal);
        File.WriteAllText(path, config.Replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4", StringComparison.Ordinal));
        Assert.Contains("missing: encoder.layer.3.",
            Assert.Throws<InvalidDataException>(() => new FolderSource(folder.Path).Create()).Message, StringComparison.Ordinal);
        File.WriteAllText(path, config.Replace("\"bert\"", "\"roberta\"", StringComparison.Ordinal));
        Assert.Contains("roberta", Assert.Throws<InvalidDataException>(() => new FolderSource(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("minilm or arctic",
            Assert.Throws<DirectoryNotFoundException>(() => EncoderSource.Open("nowhere")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_hidden_by_the_mask_changes_nothing()
    {
        using var model = Model();
        model.eval();
        var with = model.Classify(_ids.narrow(0, 0, 1), _mask.narrow(0, 0, 1)).data<float>().ToArray();
        var without = model.Classify(_ids.narrow(0, 0, 1).narrow(1, 0, 4), _mask.narrow(0, 0, 1).narrow(1, 0, 4)).data<float>().ToArray();
        foreach (var (a, b) in with.Zip(without))
            Assert.Equal(a, b, 5);
    }

    [Fact]
    public void Frozen_layers_have_no_gradients_and_the_others_do()
    {
        using var model = Model();
        model.Freeze(2);
        model.train();
        model.Loss(_ids, _mask, _labels).backward();
        foreach (var (name, parameter) in model.named_parameters())
        {
            var frozen = name.StartsWith("embeddings.", StringComparison.Ordinal) || name.Contains("layer.0.", StringComparison.Ordinal)
                || name.Contains("layer.1.", StringComparison.Ordinal);
            Assert.Equal(!frozen, parameter.grad is not null);
        }
        Assert.Throws<ArgumentException>(() => model.Freeze(4));
    }

    [Fact]
    public void What_frozen_layers_make_of_a_row_is_computed_once()
    {
        using var model = Model();
        model.eval();
        model.Freeze(2);
        var without = model.Classify(_ids, _mask).data<float>().ToArray();
        using var states = new FrozenStates();
        model.FrozenStates = states;
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var (a, b) in without.Zip(model.Classify(_ids, _mask).data<float>().ToArray()))
                Assert.Equal(a, b, 5);
            Assert.Equal(2, states.Count);
        }
        // A row alone is the same row without its padding.
        model.Classify(_ids.narrow(0, 0, 1).narrow(1, 0, 4), _mask.narrow(0, 0, 1).narrow(1, 0, 4)).Dispose();
        Assert.Equal(2, states.Count);
        // A part of a batch keeps the batch's padding.
        foreach (var (a, b) in without.Take(3).Zip(model.Classify(_ids.narrow(0, 0, 1), _mask.narrow(0, 0, 1)).data<float>().ToArray()))
            Assert.Equal(a, b, 5);
        // The trained layers get the same gradients.
        float[] Gradient(FrozenStates? kept)
        {
            model.FrozenStates = kept;
            model.zero_grad();
            model.Loss(_ids, _mask, _labels).backward();
            return model.named_parameters().First(item => item.name == "encoder.layer.2.output.dense.weight").parameter.grad!.data<float>().ToArray();
        }
        foreach (var (a, b) in Gradient(null).Zip(Gradient(states)))
            Assert.Equal(a, b, 6);
        model.FrozenStates = states;
        model.ComputeType = ScalarType.BFloat16;
        Assert.Equal(ScalarType.BFloat16, model.Encode(_ids, _mask).dtype);
        model.ComputeType = ScalarType.Float32;
        using var none = new FrozenStates(capacity: 0);
        model.FrozenStates = none;
        model.Classify(_ids, _mask).Dispose();
        Assert.Equal(0, none.Count);
    }

    [Fact]
    public void The_ascent_can_leave_the_fresh_classifier_out()
    {
        using var model = Model();
        using var optimizer = torch.optim.SGD(model.parameters(), 0.1).WithSharpnessAwareness(
            RecipeCatalog.Create(new TrainingOptions { Rho = 0.5, Perturb = TrainingOptions.Body }, model));
        var head = Head(model);
        var body = model.parameters().First().detach().clone();
        var seen = new List<(float[] Head, bool BodyMoved)>();
        optimizer.Step(() =>
        {
            seen.Add((Head(model), body.Plus(model.parameters().First(), -1).abs().max().item<float>() > 0));
            var loss = model.Loss(_ids, _mask, _labels);
            loss.backward();
            return loss;
        }).Dispose();
        Assert.Equal([false, true], seen.Select(pass => pass.BodyMoved));
        Assert.All(seen, pass => Assert.Equal(head, pass.Head));
        Assert.NotEqual(head, Head(model));
    }

    private static float[] Head(EncoderModel model) => model.FreshHead!.parameters().First().detach().clone().data<float>().ToArray();

    private static EncoderModel Model()
    {
        using var generator = new Generator(3);
        return EncoderModel.Random(Shape, generator, Tokenizer.SeparatorId, Labels.Length);
    }
}
