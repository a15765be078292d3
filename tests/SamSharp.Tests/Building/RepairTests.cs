using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace SamSharp.Tests.Building;

/// <summary>The build target that makes TorchSharp's native library load on older systems, run by MSBuild as users run it.</summary>
public sealed class RepairTests : IDisposable
{
    private const string FileName = "libLibTorchSharp.so";

    private static readonly string Original = typeof(RepairTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "TorchSharpNative").Value!;

    private readonly string _folder = Directory.CreateTempSubdirectory("samsharp-repair-").FullName;

    private string Output => Path.Combine(_folder, "out");

    private string Library => Path.Combine(Output, FileName);

    public RepairTests()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(_folder, "consumer.proj"), $"""
            <Project>
              <PropertyGroup><OutDir>out/</OutDir><PublishDir>out/</PublishDir></PropertyGroup>
              <Target Name="CopyFilesToOutputDirectory" />
              <Target Name="Publish" />
              <Import Project="{AppContext.BaseDirectory}buildTransitive/SamSharp.targets" />
            </Project>
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData("CopyFilesToOutputDirectory")]
    [InlineData("Publish")]
    public void A_copy_is_repaired_once_and_the_source_never(string target)
    {
        OnLinux();
        var original = File.ReadAllBytes(Original);
        var source = Path.Combine(_folder, "source.so");
        File.Copy(Original, source);
        Assert.Equal(0, link(source, Library)); // as a build that hard-links the package's files does
        var time = File.GetLastWriteTimeUtc(Library);

        var (exit, output) = Build("always", target);
        Assert.True(exit == 0, output);
        Assert.Contains("made to load", output);
        var repaired = File.ReadAllBytes(Library);
        Assert.Equal(original.Length, repaired.Length);
        Assert.InRange(original.Zip(repaired).Count(pair => pair.First != pair.Second), 1, 8);
        Assert.Equal(time, File.GetLastWriteTimeUtc(Library)); // else the next build would copy it again
        Assert.Equal(original, File.ReadAllBytes(source));

        (exit, output) = Build("always", target);
        Assert.True(exit == 0, output);
        Assert.DoesNotContain("made to load", output);
        Assert.Equal(repaired, File.ReadAllBytes(Library));
        Assert.Equal([FileName], Directory.GetFiles(Output).Select(Path.GetFileName));
    }

    [SkippableFact]
    public void Auto_repairs_only_where_the_system_lacks_the_symbol()
    {
        OnLinux();
        File.Copy(Original, Library);
        var (exit, output) = Build("auto");
        Assert.True(exit == 0, output);
        var present = NativeLibrary.TryLoad("libstdc++.so.6", out var handle)
            && NativeLibrary.TryGetExport(handle, "_ZSt21ios_base_library_initv", out _);
        Assert.Equal(present, File.ReadAllBytes(Library).AsSpan().SequenceEqual(File.ReadAllBytes(Original)));
    }

    [SkippableFact]
    public void Never_leaves_the_file_alone()
    {
        OnLinux();
        File.Copy(Original, Library);
        Assert.Equal(0, Build("never").Exit);
        Assert.Equal(File.ReadAllBytes(Original), File.ReadAllBytes(Library));
    }

    [SkippableFact]
    public void Another_mode_is_an_error_that_names_the_modes()
    {
        OnLinux();
        File.Copy(Original, Library);
        var (exit, output) = Build("sometimes");
        Assert.NotEqual(0, exit);
        Assert.Contains("SamSharpRepairNative is 'sometimes'; it can be auto, always or never.", output);
    }

    [SkippableTheory]
    [InlineData(0, "not a little-endian 64-bit ELF file")]
    [InlineData(100_000, "truncated or malformed")]
    public void A_file_it_cannot_read_gives_a_warning_and_stays(int bytesKept, string reason)
    {
        OnLinux();
        var content = bytesKept == 0 ? "no library at all"u8.ToArray() : File.ReadAllBytes(Original)[..bytesKept];
        File.WriteAllBytes(Library, content);
        var (exit, output) = Build("always");
        Assert.True(exit == 0, output);
        Assert.Contains("warning", output);
        Assert.Contains(reason, output);
        Assert.Equal(content, File.ReadAllBytes(Library));
    }

    [SkippableFact]
    public void Without_the_file_there_is_nothing_to_do()
    {
        OnLinux();
        var (exit, output) = Build("always");
        Assert.True(exit == 0, output);
        Assert.Empty(Directory.GetFiles(Output));
    }

    private static void OnLinux() => Skip.IfNot(OperatingSystem.IsLinux() && File.Exists(Original), "The repair is for Linux x64.");

    private (int Exit, string Output) Build(string mode, string target = "CopyFilesToOutputDirectory")
    {
        using var build = Process.Start(
            new ProcessStartInfo("dotnet", ["msbuild", "consumer.proj", "-nologo", $"-t:{target}", $"-p:SamSharpRepairNative={mode}"])
            {
                WorkingDirectory = _folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var errors = build.StandardError.ReadToEndAsync();
        var output = build.StandardOutput.ReadToEnd() + errors.Result;
        build.WaitForExit();
        return (build.ExitCode, output);
    }

    [DllImport("libc.so.6", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int link(string existing, string created);
}
