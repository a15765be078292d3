// A CUDA driver whose device is the CPU: what CudaDriver.cs looks for, over the kernels of UpdateKernels.cu compiled as C++. It is as strict as the
// real one where a mistake would not show otherwise.

#include "UpdateKernels.cu"
#include <cstring>

namespace
{
constexpr int Success = 0, InvalidValue = 1, InvalidImage = 200, InvalidContext = 201, NotFound = 500, LaunchFailed = 719;
char device_context, device_module;
thread_local int contexts_pushed; // of the thread, as in CUDA
thread_local std::string ptx;
}

extern "C"
{
    int cuInit(unsigned flags) { return flags == 0 ? Success : InvalidValue; }

    int cuDeviceGet(int *device, int ordinal)
    {
        *device = 42;
        return ordinal < 8 ? Success : InvalidValue;
    }

    int cuDevicePrimaryCtxRetain(void **context, int device)
    {
        *context = &device_context;
        return device == 42 ? Success : InvalidValue;
    }

    int cuCtxPushCurrent_v2(void *context)
    {
        contexts_pushed++;
        return context == &device_context ? Success : InvalidContext;
    }

    int cuCtxPopCurrent_v2(void **context)
    {
        *context = &device_context;
        return --contexts_pushed >= 0 ? Success : InvalidContext;
    }

    int cuModuleLoadData(void **module, const char *image)
    {
        ptx = image;
        *module = &device_module;
        if (contexts_pushed != 1) return InvalidContext;
        return ptx.find(".version 6.3") != std::string::npos && ptx.ends_with("}\n") ? Success : InvalidImage;
    }

    int cuModuleGetFunction(void **function, void *module, const char *name)
    {
        auto kernel = kernels().find(name);
        if (module != &device_module || kernel == kernels().end() || ptx.find(".entry " + kernel->first + "(") == std::string::npos) return NotFound;
        *function = reinterpret_cast<void *>(kernel->second);
        return Success;
    }

    int cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y, unsigned threads_z, unsigned shared,
        void *stream, void **arguments, void **extra)
    {
        if (contexts_pushed != 1) return InvalidContext;
        if (x == 0 || y != 1 || z != 1 || threads_y != 1 || threads_z != 1 || shared != 0 || stream || extra) return InvalidValue;
        current() = {0, threads, false};
        for (; current().block < x; current().block++) reinterpret_cast<Run>(function)(arguments);
        return current().failed ? LaunchFailed : Success;
    }

    int cuGetErrorName(int error, const char **name)
    {
        *name = error == InvalidContext ? "CUDA_ERROR_INVALID_CONTEXT" : "CUDA_ERROR_OF_THE_TEST";
        return Success;
    }
}
