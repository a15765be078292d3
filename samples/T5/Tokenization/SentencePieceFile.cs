using System.Text;
using System.Text.Unicode;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>The vocabulary in a SentencePiece Unigram model file (<c>spiece.model</c>).</summary>
/// <remarks>Field numbers come from sentencepiece_model.proto, https://github.com/google/sentencepiece.</remarks>
internal sealed class SentencePieceFile
{
    private const int UnigramModel = 1;

    // Numbers from here on are free for others, and mean nothing to SentencePiece.
    private const int FirstExtension = 200;

    private readonly List<SentencePiece> _pieces = [];
    private int _modelType = UnigramModel;

    private SentencePieceFile(string path) => Path = path;

    public string Path { get; }

    public IReadOnlyList<SentencePiece> Pieces => _pieces;

    public int UnknownId { get; private set; }

    /// <summary>Negative if the vocabulary has no such piece.</summary>
    public int EosId { get; private set; } = 2;

    /// <inheritdoc cref="EosId"/>
    public int PadId { get; private set; } = -1;

    /// <summary>Whether characters outside the vocabulary are spelled with byte pieces instead of becoming unknown.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>What is written for an unknown piece.</summary>
    public string UnknownSurface { get; private set; } = " \u2047 ";

    /// <summary>The names of the pieces for padding and eos.</summary>
    public (string Pad, string Eos) SpecialPieces { get; private set; } = ("<pad>", "</s>");

    /// <summary>The name of the normalization rule, such as <c>nmt_nfkc</c>.</summary>
    public string Normalizer => Normalization.Name;

    /// <summary>How texts are rewritten before they are cut.</summary>
    public NormalizerSettings Normalization { get; private set; } = new();

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a SentencePiece Unigram model.</exception>
    public static SentencePieceFile Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"There is no vocabulary at '{path}'. It should be T5's spiece.model, which lies next to the model's weights.", path);
        }
        var file = new SentencePieceFile(path);
        try
        {
            file.ReadModel(File.ReadAllBytes(path));
            file.Check();
        }
        catch (InvalidDataException error)
        {
            throw file.Refused(error.Message, error);
        }
        return file;
    }

    /// <summary>The exception for what is wrong with the file.</summary>
    public InvalidDataException Refused(string problem, Exception? cause = null) => new(
        $"'{Path}' is not a SentencePiece Unigram vocabulary ({problem}). Check that the download is complete and not a link or a web page.", cause);

    /// <summary>Refuses a vocabulary whose settings contradict each other, or say what is not done here.</summary>
    /// <exception cref="InvalidDataException">The message names the setting or the piece.</exception>
    public void RequireUsable()
    {
        var problem = new SentencePieceCheck(this).Problem();
        if (problem is not null)
            throw new InvalidDataException($"'{Path}': {problem}");
    }

    private void ReadModel(byte[] bytes)
    {
        var model = new ProtobufReader(bytes);
        while (model.Read())
        {
            switch (model.Field)
            {
                case 1: _pieces.Add(ReadPiece(model.Bytes, _pieces.Count)); break;
                case 2: ReadTrainer(model.Bytes); break;
                case 3: ReadNormalizer(model.Bytes); break;
                case 4: break; // texts to test it with
                case 5 when ReadRules(model.Bytes) is { Length: > 0 }: throw new InvalidDataException("denormalizer_spec is not supported");
                case > 5 and < FirstExtension: throw new InvalidDataException($"the setting with the number {model.Field} is unknown");
            }
        }
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> message, int id)
    {
        var (text, score, kind) = ("", 0f, SentencePieceKind.Normal);
        var piece = new ProtobufReader(message);
        while (piece.Read())
        {
            switch (piece.Field)
            {
                case 1: text = Text(piece.Bytes, $"piece {id}"); break;
                case 2: score = piece.Single; break;
                case 3: kind = (SentencePieceKind)piece.Int32; break;
            }
        }
        return new(text, score, kind);
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        var trainer = new ProtobufReader(message);
        while (trainer.Read())
        {
            switch (trainer.Field)
            {
                case 3: _modelType = trainer.Int32; break;
                case 24: Normalization = Normalization with { WhitespaceIsSuffix = trainer.Number != 0 }; break;
                case 35: ByteFallback = trainer.Number != 0; break;
                case 40: UnknownId = trainer.Int32; break;
                case 42: EosId = trainer.Int32; break;
                case 43: PadId = trainer.Int32; break;
                case 44: UnknownSurface = Text(trainer.Bytes, "unk_surface"); break;
                case 47: SpecialPieces = SpecialPieces with { Eos = Text(trainer.Bytes, "eos_piece") }; break;
                case 48: SpecialPieces = SpecialPieces with { Pad = Text(trainer.Bytes, "pad_piece") }; break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var normalizer = new ProtobufReader(message);
        while (normalizer.Read())
        {
            var (settings, flag) = (Normalization, normalizer.Number != 0);
            Normalization = normalizer.Field switch
            {
                1 => settings with { Name = Text(normalizer.Bytes, "the normalizer's name") },
                2 => settings with { CharacterMap = normalizer.Bytes.ToArray() },
                3 => settings with { AddDummyPrefix = flag },
                4 => settings with { RemoveExtraWhitespace = flag },
                5 => settings with { EscapeWhitespace = flag },
                6 or >= FirstExtension => settings, // what the rules were made of
                _ => throw new InvalidDataException($"the setting of normalizer_spec with the number {normalizer.Field} is unknown"),
            };
        }
    }

    // The rules of a denormalizer_spec.
    private static byte[] ReadRules(ReadOnlySpan<byte> message)
    {
        byte[] rules = [];
        var normalizer = new ProtobufReader(message);
        while (normalizer.Read())
        {
            if (normalizer.Field == 2)
                rules = normalizer.Bytes.ToArray();
        }
        return rules;
    }

    private static string Text(ReadOnlySpan<byte> bytes, string what) => Utf8.IsValid(bytes)
        ? Encoding.UTF8.GetString(bytes)
        : throw new InvalidDataException($"{what} is not UTF-8");

    private void Check()
    {
        if (_pieces.Count == 0)
            throw new InvalidDataException("it has no pieces");
        if (_modelType != UnigramModel)
            throw new InvalidDataException($"its model type is {(_modelType == 2 ? "BPE" : $"number {_modelType}")}");
        if (UnknownId < 0 || UnknownId >= _pieces.Count || EosId >= _pieces.Count || PadId >= _pieces.Count)
            throw new InvalidDataException($"its special ids lie outside its {_pieces.Count} pieces");
    }
}
