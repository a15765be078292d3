using SamSharp.Geometries;

namespace SamSharp.Directions;

/// <summary>Which vector the ascent follows.</summary>
public interface IDirection
{
    /// <summary>Sets <see cref="Parameters.TensorList.Direction"/> of every list; each starts out as the list's gradients.</summary>
    void Aim(Ascent ascent);
}
