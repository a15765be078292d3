// dotnet run check-package.cs -- <path of the package without .nupkg>: asserts what the package and its symbols hold.
using System.IO.Compression;
using System.Xml.Linq;

string[] expected =
[
    "README.md",
    "buildTransitive/RepairTorchSharpNative.cs",
    "buildTransitive/SamSharp.targets",
    "lib/net10.0/SamSharp.dll",
    "lib/net10.0/SamSharp.xml",
];

using var package = ZipFile.OpenRead(args[0] + ".nupkg");
var files = package.Entries.Select(entry => entry.FullName)
    .Where(name => !name.StartsWith("_rels/") && !name.StartsWith("package/") && name is not ("[Content_Types].xml" or "SamSharp.nuspec"))
    .Order(StringComparer.Ordinal).ToArray();
Require(files.SequenceEqual(expected), "files: " + string.Join(", ", files));

using var stream = package.GetEntry("SamSharp.nuspec")!.Open();
var metadata = XDocument.Load(stream).Root!.Elements().Single();
string? Text(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
Require(Text("id") == "SamSharp", "id " + Text("id"));
Require(Text("license") == "MIT", "licence " + Text("license"));
Require(Text("readme") == "README.md", "readme " + Text("readme"));
Require(Text("description")?.Contains("harpness-aware minimization") == true, "description " + Text("description"));
Require(Text("tags")?.Contains("sharpness-aware") == true, "tags " + Text("tags"));

var dependencies = metadata.Descendants().Where(element => element.Name.LocalName == "dependency").ToArray();
Require(dependencies.Length == 1 && (string?)dependencies[0].Attribute("id") == "TorchSharp",
    "dependencies: " + string.Join(", ", dependencies.Select(d => d.ToString())));
var version = (string)dependencies[0].Attribute("version")!;
Require(Version.TryParse(version, out _), $"TorchSharp's version {version} is not a plain minimum");

using var symbols = ZipFile.OpenRead(args[0] + ".snupkg");
Require(symbols.Entries.Any(entry => entry.FullName == "lib/net10.0/SamSharp.pdb"), "symbols");
Console.WriteLine($"{Path.GetFileName(args[0])}: {files.Length} files, TorchSharp >= {version}");

static void Require(bool holds, string found)
{
    if (holds) return;
    Console.Error.WriteLine($"The package is not as it should be: {found}");
    Environment.Exit(1);
}
