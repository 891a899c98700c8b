// What a plug-in of another version looks like: only its tag may be read.
struct Foreign {
    const char* tag;
    const void* what_is_this;
};

extern "C" __attribute__((visibility("default"))) const Foreign* mdloom_plugin();
extern "C" const Foreign* mdloom_plugin() {
    static const Foreign foreign{"mdloom 0.0.7, contracts 12345678, libstdc++", nullptr};
    return &foreign;
}
