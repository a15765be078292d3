// dotnet run check-package.cs -- <path of the package without .nupkg> [<the repository's address that it was packed with>]:
// asserts what SamSharp or SamSharp.Distributed and its symbols hold.
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;

var isDistributed = Path.GetFileName(args[0]).StartsWith("SamSharp.Distributed.", StringComparison.Ordinal);
var id = isDistributed ? "SamSharp.Distributed" : "SamSharp";
string[] dependenciesExpected = isDistributed ? ["SamSharp", "TorchSharp"] : ["TorchSharp"];
string[] buildFiles = isDistributed ? [] : ["buildTransitive/RepairTorchSharpNative.cs", "buildTransitive/SamSharp.targets"];
string[] pages = isDistributed ? ["CHANGELOG.md", "README.md"] : ["ALGORITHMS.md", "CHANGELOG.md", "README.md"];
string[] expected = [.. pages, .. buildFiles, "icon.png", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"]; // managed code alone

using var package = ZipFile.OpenRead(args[0] + ".nupkg");
var files = package.Entries.Select(entry => entry.FullName)
    .Where(name => !name.StartsWith("_rels/") && !name.StartsWith("package/") && name != "[Content_Types].xml" && name != id + ".nuspec")
    .Order(StringComparer.Ordinal).ToArray();
Require(files.SequenceEqual(expected), "files: " + string.Join(", ", files));

using var stream = package.GetEntry(id + ".nuspec")!.Open();
var metadata = XDocument.Load(stream).Root!.Elements().Single();
string? Text(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
Require(Text("id") == id, "id " + Text("id"));
Require(Text("license") == "MIT", "licence " + Text("license"));
Require(Text("readme") == "README.md", "readme " + Text("readme"));
Require(Text("description")?.Contains("harpness-aware minimization") == true, "description " + Text("description"));
Require(Text("icon") == "icon.png", "icon " + Text("icon"));
Require(Text("copyright")?.Contains("SamSharp contributors") == true, "copyright " + Text("copyright"));
Require(Text("releaseNotes")?.Contains("CHANGELOG.md") == true, "release notes " + Text("releaseNotes"));
Require(Text("tags")?.Contains("sharpness-aware") == true, "tags " + Text("tags"));

var dependencies = metadata.Descendants().Where(element => element.Name.LocalName == "dependency")
    .ToDictionary(element => (string)element.Attribute("id")!, element => (string)element.Attribute("version")!);
Require(dependencies.Keys.Order(StringComparer.Ordinal).SequenceEqual(dependenciesExpected), "dependencies: " + string.Join(", ", dependencies));
var version = dependencies["TorchSharp"];
Require(Version.TryParse(version, out _), $"TorchSharp's version {version} is not a plain minimum");
if (isDistributed)
{
    var own = Path.GetFileName(args[0])[(id.Length + 1)..];
    Require(dependencies["SamSharp"] == own, $"SamSharp {dependencies["SamSharp"]} where {own} belongs to it");
}

// The gallery shows this page alone: links into the repository would lead nowhere.
var readme = TextOf(package, "README.md");
var links = readme.Split("](").Skip(1).Select(rest => rest[..rest.IndexOf(')')]).ToArray();
Require(links.Length > 0 && links.All(link => link.StartsWith("https://")), "links of the readme: " + string.Join(", ", links));
Require(readme.Contains($"dotnet add package {id}"), "the readme does not say how to install");
Require(isDistributed || readme.Contains("<SamSharpRepairNative>never</SamSharpRepairNative>"), "the readme does not say how to turn the target off");
var changed = $"## {Path.GetFileName(args[0])[(id.Length + 1)..].Split('-')[0]}";
Require(TextOf(package, "CHANGELOG.md").Split('\n').Any(line => line.Trim() == changed), "no changes of this version in CHANGELOG.md");
using (var icon = package.GetEntry("icon.png")!.Open())
{
    var head = new byte[24];
    icon.ReadExactly(head);
    Require(head.AsSpan(1, 3).SequenceEqual("PNG"u8) && head[19] == 128 && head[23] == 128, "the icon is not a PNG of 128 x 128");
}

using var symbols = ZipFile.OpenRead(args[0] + ".snupkg");
Require(symbols.Entries.Any(entry => entry.FullName == $"lib/net10.0/{id}.pdb"), "symbols");
var sources = SourceLinkOf(symbols.GetEntry($"lib/net10.0/{id}.pdb")!);
if (args is [_, var address])
{
    var repository = metadata.Elements().Single(element => element.Name.LocalName == "repository");
    Require((string?)repository.Attribute("url") == address, "repository " + (string?)repository.Attribute("url"));
    Require(Text("projectUrl")?.TrimEnd('/') == address, "project " + Text("projectUrl"));
    var raw = address.Replace("https://github.com/", "https://raw.githubusercontent.com/");
    Require(sources?.Contains($"{raw}/{(string?)repository.Attribute("commit")}/") == true, "SourceLink " + sources);
}
Console.WriteLine($"{Path.GetFileName(args[0])}: {files.Length} files, TorchSharp >= {version}");

static string TextOf(ZipArchive archive, string name)
{
    using var reader = new StreamReader(archive.GetEntry(name)!.Open());
    return reader.ReadToEnd();
}

// What debuggers find the sources by; null if the symbols do not say.
static string? SourceLinkOf(ZipArchiveEntry pdb)
{
    using var stream = pdb.Open();
    var copy = new MemoryStream();
    stream.CopyTo(copy);
    copy.Position = 0;
    using var provider = MetadataReaderProvider.FromPortablePdbStream(copy);
    var reader = provider.GetMetadataReader();
    var sourceLink = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    return reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation)
        .Where(information => reader.GetGuid(information.Kind) == sourceLink)
        .Select(information => Encoding.UTF8.GetString(reader.GetBlobBytes(information.Value))).FirstOrDefault();
}

static void Require(bool holds, string found)
{
    if (holds) return;
    Console.Error.WriteLine($"The package is not as it should be: {found}");
    Environment.Exit(1);
}
