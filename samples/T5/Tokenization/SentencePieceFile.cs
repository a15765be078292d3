using System.Text;

namespace SamSharp.Samples.T5.Tokenization;

/// <summary>The vocabulary in a SentencePiece Unigram model file (<c>spiece.model</c>).</summary>
/// <remarks>Field numbers come from sentencepiece_model.proto, https://github.com/google/sentencepiece.</remarks>
internal sealed class SentencePieceFile
{
    private const int UnigramModel = 1;

    private readonly List<SentencePiece> _pieces = [];
    private readonly byte[] _bytes;
    private int _modelType = UnigramModel;

    private SentencePieceFile(byte[] bytes) => _bytes = bytes;

    public IReadOnlyList<SentencePiece> Pieces => _pieces;

    public int UnknownId { get; private set; }

    /// <summary>Negative if the vocabulary has no such piece.</summary>
    public int EosId { get; private set; } = 2;

    /// <inheritdoc cref="EosId"/>
    public int PadId { get; private set; } = -1;

    /// <summary>Whether characters outside the vocabulary are spelled with byte pieces instead of becoming unknown.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>The name of the normalization rule, such as <c>nmt_nfkc</c>.</summary>
    public string Normalizer { get; private set; } = "";

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a SentencePiece Unigram model.</exception>
    public static SentencePieceFile Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"There is no vocabulary at '{path}'. It should be T5's spiece.model, which lies next to the model's weights.", path);
        }
        var file = new SentencePieceFile(File.ReadAllBytes(path));
        try
        {
            file.ReadModel();
            file.Check();
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException(
                $"'{path}' is not a SentencePiece Unigram vocabulary ({error.Message}). The download may be incomplete, or a link or web page.",
                error);
        }
        return file;
    }

    /// <summary>The file with settings that Microsoft.ML.Tokenizers accepts.</summary>
    /// <remarks>
    /// Its Create fails on a vocabulary without a beginning-of-sentence piece, such as T5's. A second trainer_spec at the end of a
    /// protobuf message is merged into the first, so two settings are simply appended: bos_id (field 41) becomes the id of eos, and
    /// byte_fallback (35) is switched off.
    /// </remarks>
    public byte[] ForLibrary()
    {
        List<byte> settings = [0xC8, 0x02];
        var id = (uint)Math.Max(EosId, 0);
        for (; id >= 0x80; id >>= 7)
            settings.Add((byte)(id | 0x80));
        settings.AddRange([(byte)id, 0x98, 0x02, 0x00]);
        return [.. _bytes, 0x12, (byte)settings.Count, .. settings];
    }

    private void ReadModel()
    {
        var model = new ProtobufReader(_bytes);
        while (model.Read())
        {
            switch (model.Field)
            {
                case 1: _pieces.Add(ReadPiece(model.Bytes)); break;
                case 2: ReadTrainer(model.Bytes); break;
                case 3: ReadNormalizer(model.Bytes); break;
            }
        }
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> message)
    {
        var (text, score, kind) = ("", 0f, SentencePieceKind.Normal);
        var piece = new ProtobufReader(message);
        while (piece.Read())
        {
            switch (piece.Field)
            {
                case 1: text = Encoding.UTF8.GetString(piece.Bytes); break;
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
                case 35: ByteFallback = trainer.Number != 0; break;
                case 40: UnknownId = trainer.Int32; break;
                case 42: EosId = trainer.Int32; break;
                case 43: PadId = trainer.Int32; break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var normalizer = new ProtobufReader(message);
        while (normalizer.Read())
        {
            if (normalizer.Field == 1)
                Normalizer = Encoding.UTF8.GetString(normalizer.Bytes);
        }
    }

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
