namespace SamSharp.Analysis;

/// <summary>
/// The displacements d within a radius of w. An adaptive ball uses the scale of the weights: d = |w| z, element by element, with z in the
/// ball, so that weights of 0 stay, and rescaling neurons changes nothing (Kwon, Kim, Park, Choi, "ASAM", 2021, with kappa = 0).
/// </summary>
/// <param name="Radius">The radius rho, finite and at least 0.</param>
/// <param name="Norm">The norm of displacements. Default: L2, as in SAM.</param>
/// <param name="Adaptive">Whether displacements are relative to the weights. Default: false.</param>
public sealed record Ball(double Radius, BallNorm Norm = BallNorm.L2, bool Adaptive = false)
{
    /// <summary>The radius rho.</summary>
    public double Radius { get; } = Check.Radius(Radius, nameof(Radius));

    /// <summary>The ball's name in tables, such as "adaptive L2".</summary>
    internal string Name => (Adaptive ? "adaptive " : "") + (Norm == BallNorm.L2 ? "L2" : "L-infinity");

    /// <summary>The steepest direction of norm 1 for a gradient with respect to z, which it takes over; 0 where that is 0 or not finite.</summary>
    internal WeightVector Steepest(WeightVector gradient)
    {
        var norm = gradient.Norm();
        if (!double.IsFinite(norm) || norm == 0) return gradient.Each((tensor, _) => tensor.zero_());
        return Norm == BallNorm.L2 ? gradient.Scale(1 / norm) : gradient.Each((tensor, _) => tensor.sign_());
    }

    /// <summary>Moves z to the nearest point of the ball.</summary>
    internal WeightVector Project(WeightVector z)
    {
        if (Norm == BallNorm.LInfinity) return z.Each((tensor, _) => tensor.Clamp(-Radius, Radius));
        var norm = z.Norm();
        return norm > Radius ? z.Scale(Radius / norm) : z;
    }

    /// <summary>A random z: uniform on the sphere, or in the cube.</summary>
    internal WeightVector Random(LossSurface surface, RandomVectors random)
    {
        if (Norm == BallNorm.LInfinity) return random.Uniform(surface).Scale(Radius);
        var z = random.Normal(surface);
        return z.Scale(Radius / z.Norm());
    }
}
