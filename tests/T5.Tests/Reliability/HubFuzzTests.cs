using System.Text;
using SamSharp.Samples.T5.Hub;
using SamSharp.Samples.T5.Tests.Hub;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>A hub on this machine with damaged answers, and a cache in a damaged state: the model is there whole, or the error is the project's
/// own.</summary>
[Trait("Category", "Reliability")]
public sealed class HubFuzzTests : HubTestBase
{
    private static readonly string[] Texts =
    [
        "", "null", "-1", "99999999999999999999", "9223372036854775807", "W/\"\"", "\"zz\"", "..", "../../x", "file:///etc/passwd", "0",
        new('a', 3000),
    ];

    public HubFuzzTests()
    {
        foreach (var name in Server.Files.Keys.ToArray()) Server.Files[name] = Server.Files[name] with { };
        Server.Files[Weights] = new(Bytes(20_000), Large: true);
        Settings = Settings with { Timeout = TimeSpan.FromSeconds(2) };
    }

    [Fact]
    public async Task Damaged_answers_are_refused_and_leave_the_cache_right()
    {
        var random = new Random(11);
        for (var n = 0; n < DamagedFiles.Count / 3; n++)
        {
            var left = random.Next(1, 4);
            Server.Intercept = context =>
            {
                if (random.Next(2) == 0 || left-- <= 0) return false;
                var response = context.Response;
                switch (random.Next(5))
                {
                    case 0:
                        HubServer.Refuse(context, random.Next(200, 600), Texts[random.Next(Texts.Length)]);
                        return true;
                    case 1:
                        response.Abort();
                        return true;
                    case 2:
                        response.OutputStream.Write(DamagedFiles.Damage(Encoding.UTF8.GetBytes("<html>log in</html>"), random, 10, n));
                        response.Close();
                        return true;
                    case 3:
                        response.StatusCode = 302;
                        response.AddHeader("Location", Texts[random.Next(Texts.Length)]);
                        response.Close();
                        return true;
                    default:
                        response.AddHeader("X-Repo-Commit", random.Next(2) == 0 ? HubServer.Commit : Texts[random.Next(Texts.Length)]);
                        response.AddHeader("ETag", Texts[random.Next(Texts.Length)]);
                        response.AddHeader("X-Linked-Size", Texts[random.Next(Texts.Length)]);
                        response.Close();
                        return true;
                }
            };
            await WholeOrRefused(n);
            Server.Intercept = _ => false;
            await Download();
            AssertWhole();
            Directory.Delete(ModelFolder, recursive: true);
        }
    }

    [Fact]
    public async Task Damaged_caches_are_mended_or_refused()
    {
        var random = new Random(12);
        for (var n = 0; n < DamagedFiles.Count / 3; n++)
        {
            await Download();
            var paths = Directory.GetFileSystemEntries(ModelFolder, "*", SearchOption.AllDirectories);
            for (var hits = random.Next(1, 4); hits > 0; hits--)
            {
                var path = paths[random.Next(paths.Length)];
                Break(path, random.Next(5), random);
            }
            await WholeOrRefused(n);
            Directory.Delete(ModelFolder, recursive: true);
        }
    }

    private static void Break(string path, int how, Random random)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)!)) return;
        var isFolder = Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null;
        if (isFolder) Directory.Delete(path, recursive: true);
        else File.Delete(path);
        switch (how)
        {
            case 0:
                break;
            case 1 when !isFolder:
                Directory.CreateDirectory(path);
                break;
            case 2:
                File.CreateSymbolicLink(path, Path.GetFileName(path));
                break;
            case 3 when !isFolder:
                File.WriteAllText(path + ".incomplete", Texts[random.Next(Texts.Length)]);
                break;
            default:
                File.WriteAllText(path, Texts[random.Next(Texts.Length)]);
                break;
        }
    }

    private async Task WholeOrRefused(int n)
    {
        var error = await Record.ExceptionAsync(async () =>
        {
            _ = Cache.Find(Model, new ModelFiles());
            await Download();
        });
        DamagedFiles.Judge(error, n, ModelFolder, isOwn: thrown => thrown is HubException);
    }
}
