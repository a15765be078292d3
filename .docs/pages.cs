// dotnet run pages.cs -- <repository> <folder>: copies .docs/index.md, .docs/toc.yml and all that they lead to into the folder, where docfx finds
// them. Docfx links pages and files alone, so that a folder becomes a page that lists what is in it.
using System.Text;
using System.Text.RegularExpressions;

string[] notListed = ["bin", "obj", "api", "pages", "_site", "TestResults"], text = [".cs", ".csproj", ".sh", ".py", ".md", ".txt", ".json", ".ptx"];
const int largestText = 100_000;
var (top, output) = (Path.GetFullPath(args[0]), Path.GetFullPath(args[1]));
if (Directory.Exists(output)) Directory.Delete(output, recursive: true);

// What the site has, as paths from the repository's top folder; then what each of them becomes.
var waiting = new Queue<string>([".docs/index.md", ".docs/toc.yml"]);
var site = new HashSet<string>(waiting);
while (waiting.TryDequeue(out var path))
{
    foreach (var target in IsFolder(path) ? Texts(path) : IsPage(path) ? Links(path) : [])
    {
        if (site.Add(target)) waiting.Enqueue(target);
    }
}
foreach (var path in site)
{
    var place = Path.Combine(output, PlaceOf(path));
    Directory.CreateDirectory(Path.GetDirectoryName(place)!);
    if (IsFolder(path)) File.WriteAllText(place, Listing(path));
    else if (IsPage(path)) File.WriteAllText(place, Rewrite(path, target => Relative(path, target)));
    else File.Copy(At(path), place);
}
Console.WriteLine($"{site.Count(IsPage)} pages, {site.Count(IsFolder)} folders and {site.Count(path => !IsPage(path) && !IsFolder(path))} files");

string At(string path) => Path.Combine(top, path);

bool IsFolder(string path) => Directory.Exists(At(path));

static bool IsPage(string path) => Path.GetExtension(path) is ".md" or ".yml";

// Where a file or folder is on the site. Servers hide names that begin with a dot.
string PlaceOf(string path)
{
    var place = path.StartsWith(".docs/", StringComparison.Ordinal) ? path[".docs/".Length..] : path.TrimStart('.');
    return IsFolder(path) ? $"{place}/index.md" : place;
}

string Relative(string from, string target) =>
    Path.GetRelativePath(Path.Combine("/", Path.GetDirectoryName(PlaceOf(from))!), Path.Combine("/", PlaceOf(target))).Replace('\\', '/');

IEnumerable<string> Links(string path)
{
    var found = new List<string>();
    Rewrite(path, target =>
    {
        found.Add(target);
        return target;
    });
    return found;
}

// The page with other targets of its links into the repository.
string Rewrite(string path, Func<string, string> rewrite)
{
    var isCode = false;
    var link = Path.GetExtension(path) == ".md" ? new Regex(@"(?<=\]\()[^)\s#]+") : new Regex(@"(?<=href: )\S+");
    return string.Join('\n', File.ReadAllText(At(path)).ReplaceLineEndings("\n").Split('\n').Select(line =>
    {
        if (line.StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
        return isCode ? line : link.Replace(line, match => NotInRepository(match.Value) ? match.Value : rewrite(Target(path, match.Value)));
    }));
}

// Other sites, docfx's names of types, and the API reference, which it makes.
static bool NotInRepository(string link) => Regex.IsMatch(link, "^([a-z]+:|api/)");

string Target(string path, string link)
{
    var target = Path.GetRelativePath(top, Path.GetFullPath(Path.Combine(top, Path.GetDirectoryName(path)!, link))).Replace('\\', '/');
    return Path.Exists(At(target)) && !target.StartsWith("..", StringComparison.Ordinal) ? target
        : throw new FileNotFoundException($"{path} has a link to {link}, which is not in the repository.");
}

IEnumerable<string> Entries(string folder) => Directory.EnumerateFileSystemEntries(At(folder))
    .Select(Path.GetFileName).Where(name => !notListed.Contains(name)).Select(name => $"{folder}/{name}").Order(StringComparer.Ordinal);

IEnumerable<string> Texts(string folder) =>
    Entries(folder).Where(path => !IsFolder(path) && text.Contains(Path.GetExtension(path)) && new FileInfo(At(path)).Length <= largestText);

string Listing(string folder)
{
    var page = new StringBuilder($"# {folder}\n\n");
    foreach (var entry in Entries(folder))
    {
        var name = Path.GetFileName(entry) + (IsFolder(entry) ? "/" : "");
        page.Append(site.Contains(entry) ? $"- [{name}]({Relative(folder, entry)})\n" : $"- {name}\n");
    }
    return page.ToString();
}
