using SamSharp.Geometries;
using SamSharp.Recipes;

namespace SamSharp.Tests.Golden;

/// <content>Ascents that follow what was seen in earlier steps.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> History => new()
    {
        ["BingcongLi/VaSSO: VASSO"] = run => run.Drive(Recipe.Vasso(run.Number("rho"), run.Number("theta"))),
        ["nblt/F-SAM: FriendlySAM"] = run => run.Drive(Recipe.FriendlySam(run.Number("rho"), run.Number("sigma"), run.Number("lmbda")) with
        {
            Geometry = run.Is("adaptive") ? new AdaptiveGeometry(kappa: 0) : new EuclideanGeometry(),
        }),
    };
}
