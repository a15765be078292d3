// dotnet run check-package.cs -- <path of the package without .nupkg>: asserts what SamSharp or SamSharp.Distributed and its symbols hold.
using System.IO.Compression;
using System.Xml.Linq;

var isDistributed = Path.GetFileName(args[0]).StartsWith("SamSharp.Distributed.", StringComparison.Ordinal);
var id = isDistributed ? "SamSharp.Distributed" : "SamSharp";
string[] dependenciesExpected = isDistributed ? ["SamSharp", "TorchSharp"] : ["TorchSharp"];
string[] buildFiles = isDistributed ? [] : ["buildTransitive/RepairTorchSharpNative.cs", "buildTransitive/SamSharp.targets"];
string[] expected = ["README.md", .. buildFiles, $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"]; // managed code alone

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

using var symbols = ZipFile.OpenRead(args[0] + ".snupkg");
Require(symbols.Entries.Any(entry => entry.FullName == $"lib/net10.0/{id}.pdb"), "symbols");
Console.WriteLine($"{Path.GetFileName(args[0])}: {files.Length} files, TorchSharp >= {version}");

static void Require(bool holds, string found)
{
    if (holds) return;
    Console.Error.WriteLine($"The package is not as it should be: {found}");
    Environment.Exit(1);
}
