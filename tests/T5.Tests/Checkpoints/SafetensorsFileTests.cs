using System.Buffers.Binary;
using System.Text;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Files;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Checkpoints;

public class SafetensorsFileTests
{
    public static TheoryData<ScalarType> Types =>
    [
        ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float64, ScalarType.Int64, ScalarType.Int32,
        ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_survives_writing_and_reading(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.safetensors");
        var matrix = ScalarArithmetic.Range(-6, 6, float32).Times(0.37).view(3, 4).to(type);
        var scalar = ones([], type);
        var nothing = empty([0, 5], type);

        SafetensorsFile.Save(path, [("matrix", matrix.t()), ("scalar", scalar), ("nothing", nothing)],
            new Dictionary<string, string> { ["format"] = "pt" });
        using var file = SafetensorsFile.Open(path);

        Assert.Equal("pt", file.Metadata["format"]);
        Assert.True(file.Read("matrix").equal(matrix.t()).all().item<bool>());
        Assert.Equal(type, file.Read("matrix").dtype);
        Assert.Equal(new long[] { 4, 3 }, file.Read("matrix").shape);
        Assert.True(file.Read("scalar").equal(scalar).item<bool>());
        Assert.Equal(new long[] { 0, 5 }, file.Read("nothing").shape);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Reading_into_another_type_converts(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.safetensors");
        var stored = ScalarArithmetic.Range(7, float32).Times(0.3).to(type);
        SafetensorsFile.Save(path, [("x", stored)]);
        using var file = SafetensorsFile.Open(path);
        var target = zeros(7, float32);

        file.ReadInto("x", target);

        Assert.Equal(stored.to(float32).data<float>().ToArray(), target.data<float>().ToArray());
        Assert.Contains("[7]", Assert.Throws<ArgumentException>(() => file.ReadInto("x", zeros(8))).Message);
        Assert.Contains("'y'", Assert.Throws<KeyNotFoundException>(() => file.Read("y")).Message);
    }

    // Header, bytes of data behind it, what the message must say.
    public static TheoryData<string, int, string> Malformed => new()
    {
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7,
            "tensor 'a' ends at byte 8 of the data, which has only 7: the file is truncated"
        },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes at the end belong to no tensor" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "tensor 'a': F32 [3] takes 12 bytes, but data_offsets span 8" },
        { """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'a': the dtype 'F33' is unknown" },
        { """{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'a': 'dtype' is missing" },
        { """{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "tensor 'a': 'shape' is missing or not an array" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "tensor 'a': 'shape' holds -2" },
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "tensor 'a': 'shape' holds 1.5" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "tensor 'a': data_offsets [8, 0] are not a start and an end" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "tensor 'a': data_offsets [0] are not a start and an end" },
        {
            """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8,
            "tensor 'a': the shape [4294967296, 4294967296] is too large"
        },
        {
            """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
            "tensor 'a' is listed twice"
        },
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
            "tensor 'b' overlaps tensor 'a'"
        },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "4 bytes before tensor 'a' belong to no tensor" },
        { """{"a":7}""", 0, "tensor 'a': its entry is not an object" },
        { """["a"]""", 0, "the header is not a JSON object" },
        { """{"a":""", 0, "the header is not valid JSON" },
        { """{"__metadata__":{"x":1}}""", 0, "__metadata__ 'x' is not a string" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_header_is_refused_by_name(string header, int dataBytes, string message)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, (ulong)Encoding.UTF8.GetByteCount(header), [.. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]]);

        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));

        Assert.Contains(message, error.Message);
        Assert.StartsWith(path, error.Message);
    }

    [Theory]
    [InlineData(100UL, "the header claims 100 bytes, but only 2 follow: the file is truncated")]
    [InlineData(100_000_001UL, "more than the format's 100000000")]
    [InlineData(ulong.MaxValue, "more than the format's 100000000")]
    public void A_header_length_beyond_the_file_is_refused(ulong length, string message)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, length, "{}"u8.ToArray());

        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Every_truncation_of_a_file_is_refused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.safetensors");
        SafetensorsFile.Save(path, [("a", ones(3)), ("b", ones(2, 2))]);
        var whole = File.ReadAllBytes(path);

        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void A_failed_save_leaves_the_old_file_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.safetensors", "old");

        Assert.Throws<NotSupportedException>(() => SafetensorsFile.Save(path, [("a", ones(3)), ("z", zeros(2, complex64))]));
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Save(path, [("a", ones(3)), ("a", ones(3))]));
        Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("disk full");
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    private static string Write(TemporaryFolder folder, ulong length, byte[] rest)
    {
        var bytes = new byte[8 + rest.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        rest.CopyTo(bytes, 8);
        var path = Path.Combine(folder.Path, "bad.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
