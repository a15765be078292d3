using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tests.Files;

public class AtomicFolderTests
{
    [Fact]
    public void Nothing_is_at_the_path_while_it_is_written()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "checkpoint");
        AtomicFolder.Write(path, temporary =>
        {
            File.WriteAllText(Path.Combine(temporary, "a"), "1");
            Assert.False(Directory.Exists(path));
        });
        Assert.Equal("1", File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_folder_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "checkpoint");
        AtomicFolder.Write(path, temporary => File.WriteAllText(Path.Combine(temporary, "a"), "old"));
        var error = Assert.Throws<IOException>(() => AtomicFolder.Write(path, temporary =>
        {
            File.WriteAllText(Path.Combine(temporary, "a"), "half");
            throw new IOException("No space left on device.");
        }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device.", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_and_what_is_complete_stays()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<IOException>(() => AtomicFolder.Write(Path.Combine(folder.Path, "b"), temporary =>
        {
            // As a kill would leave it: a copy of the half-written folder under its temporary name.
            Directory.CreateDirectory(temporary + "-killed");
            throw new InvalidOperationException();
        }));
        Directory.CreateDirectory(Path.Combine(folder.Path, "complete"));
        Assert.Equal(2, Directory.GetDirectories(folder.Path).Length);
        AtomicFolder.DeleteUnfinished(folder.Path);
        Assert.Equal(["complete"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName));
    }
}
