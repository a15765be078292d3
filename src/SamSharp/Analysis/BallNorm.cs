namespace SamSharp.Analysis;

/// <summary>The norm that measures a displacement.</summary>
public enum BallNorm
{
    /// <summary>The Euclidean norm of all weights together.</summary>
    L2,

    /// <summary>The largest absolute element.</summary>
    LInfinity,
}
