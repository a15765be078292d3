using System.Globalization;
using SamSharp.Samples.Gallery;
using static TorchSharp.torch;

// Draws the pictures of the README and the gallery of recipes: dotnet run -c Release --project samples/Gallery [-- FOLDER]
// and the packages' icon: dotnet run -c Release --project samples/Gallery -- --icon src/SamSharp/icon.png
// and the documentation's: dotnet run -c Release --project samples/Gallery -- --icon .docs/logo.png 32
if (args is ["--icon", var icon, .. var size] && (size is [] || (size is [var text] && int.TryParse(text, out _))))
{
    IconPicture.Save(icon, size is [var pixels] ? int.Parse(pixels, CultureInfo.InvariantCulture) : IconPicture.OfPackages);
    return 0;
}
if (args.Length > 1 || args is ["-h" or "--help"])
{
    Console.WriteLine("Usage: dotnet run -c Release --project samples/Gallery [-- FOLDER | --icon FILE [PIXELS]]");
    Console.WriteLine("Draws what a step does, the loss around the weights with and without SAM, and the way of every recipe, into FOLDER.");
    return args.Length > 1 ? 1 : 0;
}

set_num_threads(1); // the tensors are tiny
var folder = args is [var given] ? given : Path.Combine("samples", "Gallery", "Pictures");
Directory.CreateDirectory(folder);
foreach (var (name, save) in new (string, Action<string>)[]
{
    ("step.png", StepPicture.Save), ("landscape.png", LandscapePicture.Save),
})
{
    save(Path.Combine(folder, name));
    Console.WriteLine(Path.Combine(folder, name));
}
RecipeSheet.Save(folder);
Console.WriteLine(Path.Combine(folder, "README.md"));
return 0;
