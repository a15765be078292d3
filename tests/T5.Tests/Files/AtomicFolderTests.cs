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
        Assert.Throws<InvalidOperationException>(() => AtomicFolder.Write(Path.Combine(folder.Path, "b"), temporary =>
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

    [Fact]
    public void Only_an_error_of_the_disk_is_called_one_and_only_a_full_one_asks_for_space()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "checkpoint");
        Assert.Throws<ArgumentException>(() => AtomicFolder.Write(path, _ => throw new ArgumentException("NaN")));
        var denied = Assert.Throws<IOException>(() => AtomicFolder.Write(path, _ => throw new UnauthorizedAccessException("Denied.")));
        Assert.DoesNotContain("space", denied.Message, StringComparison.Ordinal);
        var full = Assert.Throws<IOException>(() => AtomicFolder.Write(path, _ => throw new IOException("No room.", 28)));
        Assert.Contains("No room. Nothing of it was kept; free some space", full.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_has_another_name_before_anything_of_it_is_deleted()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "checkpoint");
        Directory.CreateDirectory(path);
        using (var watcher = new FileSystemWatcher(folder.Path) { NotifyFilter = NotifyFilters.DirectoryName, EnableRaisingEvents = true })
        {
            using var renamed = new ManualResetEventSlim();
            watcher.Renamed += (_, change) =>
            {
                if (change.OldFullPath == path)
                    renamed.Set();
            };
            AtomicFolder.Delete(path);
            Assert.True(renamed.Wait(TimeSpan.FromMinutes(1)));
        }
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        AtomicFolder.Delete(path); // nothing there is no error
    }

    [Fact]
    public void A_folder_that_was_about_to_be_replaced_is_put_back()
    {
        using var folder = new TemporaryFolder();
        // As a kill between the two renames of a replacement leaves it.
        folder.Write(".replaced-model/a", "old");
        folder.Write(".unfinished-model/a", "new");
        // And one after both.
        folder.Write(".replaced-best/a", "old");
        folder.Write("best/a", "new");
        AtomicFolder.DeleteUnfinished(folder.Path);
        Assert.Equal(["best", "model"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order());
        Assert.Equal("old", File.ReadAllText(Path.Combine(folder.Path, "model", "a")));
        Assert.Equal("new", File.ReadAllText(Path.Combine(folder.Path, "best", "a")));
    }
}
