using System.Globalization;
using SamSharp.DriverChecks;

var ordinal = 0;
if (args.Length > 1 || (args.Length == 1 && !int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out ordinal)))
{
    Console.Error.WriteLine("usage: DriverChecks [number of the device, 0 if it is left out]");
    return 2;
}
return Harness.Run(() => new CudaMachine(ordinal), Console.Out, Console.Error, Bandwidth.Elements);
