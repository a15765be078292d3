namespace SamSharp.Analysis;

/// <summary>How the size of a displacement is measured.</summary>
public enum BallNorm
{
    /// <summary>The Euclidean norm of all weights together.</summary>
    L2,

    /// <summary>The largest absolute element.</summary>
    LInfinity,
}
