using System.Diagnostics;
using System.Globalization;
using System.Text;
using SamSharp.Samples.T5.Files;
using SamSharp.Tests.Support;

namespace SamSharp.Samples.Tests;

/// <summary>Damages a file in many ways with a fixed seed, and reads it each time: it is read, or refused in one or two lines that name it, and
/// takes neither time nor memory that its size does not explain.</summary>
internal static class DamagedFiles
{
    private const int Seed = 20_26;
    private const int LongestMessage = 1_500;
    private const long Room = 32 << 20; // bytes that a reader may allocate for the smallest file

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>The files of a kind: 2,000 in the campaign's long form.</summary>
    public static int Count { get; } = Campaign.IsLong ? 2_000 : 150;

    /// <param name="path">Where the file is written.</param>
    /// <param name="whole">The file undamaged, which must be read.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="reach">How many of its first bytes are damaged; null for all.</param>
    /// <param name="room">Bytes that may be allocated beside twice the file.</param>
    /// <param name="isOwn">Further exceptions that are the reader's own, whose messages need not name the folder.</param>
    /// <param name="count">How many files; null for <see cref="Count"/>.</param>
    /// <param name="fromEnd">Whether the last bytes are damaged in place of the first.</param>
    public static void Try(string path, byte[] whole, Action read, int? reach = null, long room = Room, Func<Exception, bool>? isOwn = null,
        int? count = null, bool fromEnd = false)
    {
        var random = new Random(Seed);
        var (slowest, most, refused) = (TimeSpan.Zero, 0L, 0);
        File.WriteAllBytes(path, whole);
        read();
        for (var n = 0; n < (count ?? Count); n++)
        {
            var length = Math.Min(reach ?? whole.Length, whole.Length);
            byte[] damaged = fromEnd ? [.. whole[..^length], .. Damage(whole[^length..], random, length, n)] : Damage(whole, random, length, n);
            File.WriteAllBytes(path, damaged);
            Exception? thrown = null;
            var (watch, allocated) = (Stopwatch.StartNew(), 0L);
            var reader = new Thread(() =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                thrown = Record.Exception(read);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            })
            { IsBackground = true };
            reader.Start();
            Assert.True(reader.Join(Hang), $"file {n}: it is still read after {Hang}");
            Judge(thrown, n, Path.GetDirectoryName(path)!, isOwn);
            Assert.True(watch.Elapsed < Limit, $"file {n} took {watch.Elapsed}");
            Assert.True(allocated <= (2 * damaged.Length) + room, $"file {n} of {damaged.Length} bytes took {allocated:N0}");
            (slowest, most) = (watch.Elapsed > slowest ? watch.Elapsed : slowest, Math.Max(most, allocated));
            if (thrown is not null) refused++;
        }
        Campaign.Record($"Damaged {Path.GetFileName(path)} in {typeof(DamagedFiles).Assembly.GetName().Name}", count ?? Count, string.Create(
            CultureInfo.InvariantCulture,
            $"each read, or refused by its path: {refused:N0} by the last test of it, in at most {slowest.TotalSeconds:F1} s and {most >> 20} MB"));
    }

    /// <summary>No exception, or one of the project's own, with the place of the fault.</summary>
    public static void Judge(Exception? thrown, int n, string folder, Func<Exception, bool>? isOwn = null)
    {
        if (thrown is null) return;
        var names = thrown is FormatException or InvalidDataException or FileNotFoundException;
        Assert.True(names || isOwn?.Invoke(thrown) == true, $"file {n}: {thrown}");
        if (names) Assert.Contains(folder, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(FilePlace.Unforeseen, thrown.Message, StringComparison.Ordinal);
        Assert.InRange(thrown.Message.Length, 1, LongestMessage);
        Assert.InRange(thrown.Message.Split('\n').Length, 1, 2);
    }

    /// <summary>A damaged copy: cut, with a text put in, with bytes removed, with bytes repeated, or with bytes changed.</summary>
    public static byte[] Damage(byte[] whole, Random random, int reach, int n)
    {
        string[] texts =
        [
            "null", "[]", "{}", "-1", "1e999", "2147483648", "\"\\ud800\"", "\"\"", "\t", "\r", "\0", "true", "\uFEFF", "99999999999999999999",
        ];
        var place = random.Next(reach);
        byte[] Insert(byte[] text, int cut) => [.. whole[..place], .. text, .. whole[Math.Min(whole.Length, place + cut)..]];
        switch (n % 5)
        {
            case 0:
                return whole[..place];
            case 1:
                return Insert(Encoding.UTF8.GetBytes(texts[random.Next(texts.Length)]), random.Next(8));
            case 2:
                return Insert([], random.Next(1, 12));
            case 3:
                return Insert(whole[random.Next(reach)..][..Math.Min(16, whole.Length - reach + 1)], 0);
            default:
                byte[] bytes = [.. whole];
                for (var hits = random.Next(1, 5); hits > 0; hits--)
                    bytes[random.Next(reach)] = (byte)random.Next(256);
                return bytes;
        }
    }
}
