using SkiaSharp;

namespace SamSharp.Samples.Gallery;

/// <summary>The icon of the packages and the documentation: a loss with a sharp and a flat valley, and weights in the flat one.</summary>
internal static class IconPicture
{
    /// <summary>What the package gallery shows, in pixels.</summary>
    public const int OfPackages = 128;

    /// <summary>The size in which it is described.</summary>
    private const float Size = 128;

    private const float Margin = 10, Corner = 26, Stroke = 9, Dot = 13;

    public static void Save(string path, int pixels)
    {
        using var surface = SKSurface.Create(new SKImageInfo(pixels, pixels));
        var canvas = surface.Canvas;
        canvas.Scale(pixels / Size);
        using var ground = new SKPaint { Color = SKColor.Parse("#0072B2"), IsAntialias = true };
        canvas.DrawRoundRect(new SKRect(0, 0, Size, Size), Corner, Corner, ground);

        using var line = new SKPath();
        line.MoveTo(Margin, HeightAt(Margin));
        for (var x = Margin; x <= Size - Margin; x += 0.5f) line.LineTo(x, HeightAt(x));
        using var pen = new SKPaint
        {
            Color = SKColors.White,
            IsAntialias = true,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = Stroke,
            StrokeCap = SKStrokeCap.Round,
            StrokeJoin = SKStrokeJoin.Round,
        };
        canvas.DrawPath(line, pen);

        using var weights = new SKPaint { Color = SKColor.Parse("#F0A030"), IsAntialias = true };
        const float at = 82;
        canvas.DrawCircle(at, HeightAt(at) - Dot - (Stroke / 2), Dot, weights);

        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
    }

    /// <summary>The curve, from the top of the picture.</summary>
    private static float HeightAt(float x)
    {
        var (sharp, flat) = ((x - 31) / 8, (x - 82) / 25);
        return 30 + (66 * MathF.Exp(-sharp * sharp)) + (62 * MathF.Exp(-flat * flat * flat * flat));
    }
}
